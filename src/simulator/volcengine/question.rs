//! What a body asks: read, checked against the action's limits, and turned into places, shares and times.

use serde_json::{Map, Value};

use super::facts::{Action, Filter, RegionPart, Shape, Span, Split};
use super::figures::{self, DOMAINS, GROUPS, ISPS, PROTOCOLS, Part, Place, REGIONS, Share, TRANSCODINGS, VHOSTS};
use super::refusal::Refusal;
use super::times::{DAY, EIGHT_HOURS, bucket_start, time};
use crate::simulator::world::World;

/// One region, as filtered or split by.
pub type Region = (&'static str, &'static str, &'static str, u64);

/// A question that can be answered.
#[derive(Debug)]
pub struct Question {
    /// The action.
    pub action: &'static Action,
    /// Where it starts, in seconds of the epoch.
    pub start: i64,
    /// Where it ends.
    pub end: i64,
    /// True: it lies outside of the limits, and the answer is empty.
    pub out_of_limits: bool,
    /// The length of a bucket; 0 where there are none.
    pub aggregation: i64,
    /// The domains or groups asked for.
    pub places: Vec<&'static Place>,
    /// The domain spaces asked for.
    pub vhosts: Vec<&'static str>,
    /// The network providers asked for; none means all.
    pub isps: Vec<&'static Part>,
    /// The protocols asked for; none means all.
    pub protocols: Vec<&'static Part>,
    /// The regions asked for; none means all.
    pub regions: Vec<&'static Region>,
    /// The streams asked for, by number; none means all.
    pub streams: Vec<u64>,
    /// The kinds of transcoding asked for, by number.
    pub transcodings: Vec<usize>,
    /// The dimensions to split by: those whose filter has two or more values.
    pub splits: Vec<Split>,
    /// The filters, as they are echoed.
    pub echo: Vec<(&'static str, Value)>,
    /// The page, from 1.
    pub page: i64,
    /// How many rows a page has.
    pub page_size: i64,
    body: Map<String, Value>,
}

/// The JSON type of a member of the body.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Texts,
    Regions,
}

const KINDS: [(&str, Kind); 28] = [
    ("StartTime", Kind::Text),
    ("EndTime", Kind::Text),
    ("Aggregation", Kind::Integer),
    ("DomainList", Kind::Texts),
    ("ProtocolList", Kind::Texts),
    ("ISPList", Kind::Texts),
    ("RegionList", Kind::Regions),
    ("UserRegionList", Kind::Regions),
    ("DetailField", Kind::Texts),
    ("Domain", Kind::Text),
    ("App", Kind::Text),
    ("Stream", Kind::Text),
    ("AppList", Kind::Texts),
    ("StreamList", Kind::Texts),
    ("GroupList", Kind::Texts),
    ("Vhosts", Kind::Texts),
    ("VhostList", Kind::Texts),
    ("TranscodeType", Kind::Texts),
    ("Resolution", Kind::Texts),
    ("StreamType", Kind::Texts),
    ("OnlineUserType", Kind::Text),
    ("Type", Kind::Text),
    ("CallbackEventType", Kind::Texts),
    ("CallbackStatus", Kind::Texts),
    ("QueryType", Kind::Text),
    ("SortBy", Kind::Text),
    ("PageNum", Kind::Integer),
    ("PageSize", Kind::Integer),
];

/// Reads the body of a request for this action.
pub fn read(world: &World, action: &'static Action, body: &[u8]) -> Result<Question, Refusal> {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
        return Err(Refusal::bind_error());
    };
    body.retain(|_, value| !value.is_null());
    check_kinds(action, &body)?;
    let start = time(&body, "StartTime")?;
    let end = time(&body, "EndTime")?;
    if end < start {
        return Err(Refusal::invalid_param("EndTime is before StartTime."));
    }
    let mut question = Question {
        action,
        start,
        end,
        out_of_limits: false,
        aggregation: 0,
        places: default_places(action),
        vhosts: VHOSTS.to_vec(),
        isps: Vec::new(),
        protocols: Vec::new(),
        regions: Vec::new(),
        streams: Vec::new(),
        transcodings: (0..TRANSCODINGS.len()).collect(),
        splits: Vec::new(),
        echo: Vec::new(),
        page: 1,
        page_size: action.page.1,
        body,
    };
    for filter in action.filters {
        question.filter(world, *filter)?;
    }
    question.read_splits()?;
    question.read_page()?;
    question.read_span(world)?;
    Ok(question)
}

fn default_places(action: &Action) -> Vec<&'static Place> {
    let groups = action.filters.contains(&Filter::Groups);
    if groups {
        GROUPS.iter().collect()
    } else {
        DOMAINS.iter().collect()
    }
}

fn check_kinds(action: &Action, body: &Map<String, Value>) -> Result<(), Refusal> {
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    for (name, kind) in KINDS {
        let Some(value) = body.get(name) else { continue };
        // The pages of TopPlay are numbered in text.
        let kind = if name.starts_with("Page") && action.shape == Shape::TopPlay {
            Kind::Text
        } else {
            kind
        };
        let fits = match kind {
            Kind::Text => value.is_string(),
            Kind::Integer => value.as_i64().is_some(),
            Kind::Texts => texts(value),
            Kind::Regions => value.as_array().is_some_and(|list| list.iter().all(is_region)),
        };
        if !fits {
            return Err(Refusal::bind_error());
        }
    }
    Ok(())
}

fn is_region(value: &Value) -> bool {
    let keys = ["Area", "Country", "Province"];
    value.is_object()
        && keys
            .iter()
            .all(|key| value.get(*key).is_none_or(|code| code.is_string() || code.is_null()))
}

impl Question {
    /// The share of each place that the filters leave.
    pub fn share(&self) -> Share {
        share_of(&self.isps, &self.protocols, &self.regions, &self.streams)
    }

    /// A text of the body.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A list of texts of the body.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.body.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    fn echo(&mut self, name: &'static str) {
        if let Some(value) = self.body.get(name) {
            self.echo.push((name, value.clone()));
        }
    }

    fn filter(&mut self, world: &World, filter: Filter) -> Result<(), Refusal> {
        match filter {
            Filter::Domains => self.filter_places("DomainList", &DOMAINS),
            Filter::Groups => self.filter_places("GroupList", &GROUPS),
            Filter::Vhosts => self.filter_vhosts(world),
            Filter::VhostList => self.filter_vhost_list(),
            Filter::Protocols => self.filter_protocols(),
            Filter::Isps => {
                self.isps = self.parts("ISPList", &ISPS)?;
                Ok(())
            }
            Filter::Regions => self.filter_regions("RegionList"),
            Filter::UserRegions => self.filter_regions("UserRegionList"),
            Filter::Stream => self.filter_stream(),
            Filter::OneStream => self.filter_one_stream(),
            Filter::StreamLists => self.filter_stream_lists(),
            Filter::Transcoding => {
                self.filter_transcodings();
                Ok(())
            }
            Filter::Echoed(name, values) => {
                self.echo(name);
                let given = self.texts(name).into_iter().chain(self.text(name).map(str::to_owned));
                match given.into_iter().find(|given| !values.contains(&given.as_str())) {
                    Some(other) => Err(Refusal::invalid_param(format!("{name} {other} is not supported."))),
                    None => Ok(()),
                }
            }
        }
    }

    fn filter_places(&mut self, name: &'static str, known: &'static [Place]) -> Result<(), Refusal> {
        self.echo(name);
        let names = self.texts(name);
        if names.is_empty() {
            return Ok(());
        }
        let find = |name: &String| known.iter().find(|place| place.name == name);
        self.places = unique(
            names
                .iter()
                .map(|name| find(name).ok_or_else(|| Refusal::forbidden(name))),
        )?;
        Ok(())
    }

    /// Whether an empty list of domain spaces means all of them is not documented.
    fn filter_vhosts(&mut self, world: &World) -> Result<(), Refusal> {
        self.echo("Vhosts");
        let names = self.texts("Vhosts");
        if self.body.contains_key("Vhosts") && (!names.is_empty() || world.switch_is("volcengine.vhosts_empty", "none"))
        {
            self.vhosts = known_vhosts(&names)?;
        }
        Ok(())
    }

    fn filter_vhost_list(&mut self) -> Result<(), Refusal> {
        self.echo("VhostList");
        let names = self.texts("VhostList");
        if names.is_empty() {
            return Ok(());
        }
        if !self.texts("DomainList").is_empty() {
            return Err(Refusal::invalid_param("VhostList and DomainList exclude each other."));
        }
        let vhosts = known_vhosts(&names)?;
        self.places.retain(|place| vhosts.contains(&place.vhost));
        Ok(())
    }

    fn filter_protocols(&mut self) -> Result<(), Refusal> {
        self.protocols = self.parts("ProtocolList", &PROTOCOLS)?;
        if self.protocols.len() > 1 && self.protocols.iter().any(|protocol| protocol.name == "QUIC") {
            return Err(Refusal::invalid_param("QUIC may not be combined with other protocols."));
        }
        Ok(())
    }

    fn parts(&mut self, name: &'static str, known: &'static [Part]) -> Result<Vec<&'static Part>, Refusal> {
        self.echo(name);
        let find = |given: &String| known.iter().find(|part| part.name == given);
        let missing = |given: &String| Refusal::invalid_param(format!("{name} {given} is not supported."));
        unique(
            self.texts(name)
                .iter()
                .map(|given| find(given).ok_or_else(|| missing(given))),
        )
    }

    fn filter_regions(&mut self, name: &'static str) -> Result<(), Refusal> {
        self.echo(name);
        let Some(list) = self
            .body
            .get(name)
            .and_then(Value::as_array)
            .filter(|list| !list.is_empty())
        else {
            return Ok(());
        };
        if name == "UserRegionList"
            && self
                .body
                .get("RegionList")
                .and_then(Value::as_array)
                .is_some_and(|list| !list.is_empty())
        {
            return Err(Refusal::invalid_param(
                "RegionList and UserRegionList exclude each other.",
            ));
        }
        let mut chosen: Vec<&'static Region> = Vec::new();
        for item in list {
            let found = regions_of(item);
            if found.is_empty() {
                return Err(Refusal::invalid_param(format!("{name} has an unknown region.")));
            }
            chosen.extend(found);
        }
        chosen.sort_unstable();
        chosen.dedup();
        self.regions = chosen;
        Ok(())
    }

    fn filter_stream(&mut self) -> Result<(), Refusal> {
        self.echo("App");
        self.echo("Stream");
        match (self.text("App"), self.text("Stream")) {
            (None, None) => Ok(()),
            (Some(app), Some(stream)) => {
                let number = stream_of(app, stream)?;
                self.streams = vec![number];
                Ok(())
            }
            _ => Err(Refusal::invalid_param("App and Stream must be given together.")),
        }
    }

    fn filter_one_stream(&mut self) -> Result<(), Refusal> {
        self.echo("Domain");
        let Some(domain) = self.text("Domain").map(str::to_owned) else {
            return match (self.text("App"), self.text("Stream")) {
                (None, None) => Ok(()),
                _ => Err(Refusal::invalid_param("App and Stream need Domain.")),
            };
        };
        if !self.texts("DomainList").is_empty() {
            return Err(Refusal::invalid_param("Domain and DomainList exclude each other."));
        }
        let place = DOMAINS.iter().find(|place| place.name == domain);
        self.places = vec![place.ok_or_else(|| Refusal::forbidden(&domain))?];
        self.filter_stream()?;
        if self.streams.is_empty() {
            return Err(Refusal::invalid_param("Domain needs App and Stream."));
        }
        Ok(())
    }

    fn filter_stream_lists(&mut self) -> Result<(), Refusal> {
        self.echo("AppList");
        self.echo("StreamList");
        if let Some(app) = self.texts("AppList").iter().find(|app| *app != figures::APP) {
            return Err(Refusal::not_found(app));
        }
        let names = self.texts("StreamList");
        self.streams = unique(names.iter().map(|name| stream_of(figures::APP, name)))?;
        Ok(())
    }

    fn filter_transcodings(&mut self) {
        self.echo("TranscodeType");
        self.echo("Resolution");
        let (types, resolutions) = (self.texts("TranscodeType"), self.texts("Resolution"));
        let chosen = |list: &[String], value: &str| list.is_empty() || list.iter().any(|given| given == value);
        self.transcodings.retain(|kind| {
            TRANSCODINGS
                .get(*kind)
                .is_some_and(|(name, resolution, _)| chosen(&types, name) && chosen(&resolutions, resolution))
        });
    }

    /// A split is returned only when the matching filter has two or more values.
    fn read_splits(&mut self) -> Result<(), Refusal> {
        if self.action.splits.is_empty() {
            return Ok(());
        }
        self.echo("DetailField");
        for field in self.texts("DetailField") {
            let split = self.action.splits.iter().find(|split| split.key() == field);
            let split =
                split.ok_or_else(|| Refusal::invalid_param(format!("DetailField {field} is not supported.")))?;
            if self.values_of(*split) > 1 && !self.splits.contains(split) {
                self.splits.push(*split);
            }
        }
        Ok(())
    }

    /// How many values the filter has that matches a split.
    fn values_of(&self, split: Split) -> usize {
        match split {
            Split::Domain => self.texts("DomainList").len(),
            Split::Group => self.texts("GroupList").len(),
            Split::Isp => self.isps.len(),
            Split::Protocol => self.protocols.len(),
            Split::Region(key, _) => {
                let list = if key.starts_with("User") {
                    "UserRegionList"
                } else {
                    "RegionList"
                };
                self.body.get(list).and_then(Value::as_array).map_or(0, Vec::len)
            }
        }
    }

    fn read_page(&mut self) -> Result<(), Refusal> {
        let number = |name: &str, default: i64| match self.body.get(name) {
            None => Ok(default),
            Some(Value::String(text)) => text.parse().map_err(|_| Refusal::bind_error()),
            Some(value) => value.as_i64().ok_or_else(Refusal::bind_error),
        };
        let (least, default, most) = self.action.page;
        let (page, size) = (number("PageNum", 1)?, number("PageSize", default)?);
        if page < 1 || !(least..=most).contains(&size) {
            return Err(Refusal::invalid_param("PageNum or PageSize is out of range."));
        }
        (self.page, self.page_size) = (page, size);
        Ok(())
    }

    fn read_span(&mut self, world: &World) -> Result<(), Refusal> {
        let spans: &[Span] = if self.splits.len() > 1 && !self.action.split_spans.is_empty() {
            self.action.split_spans
        } else {
            self.action.spans
        };
        let asked = self.body.get("Aggregation").and_then(Value::as_i64);
        let span = match (asked, spans.first()) {
            (Some(asked), Some(first)) if first.aggregation > 0 => spans.iter().find(|span| span.aggregation == asked),
            (_, first) => first,
        };
        let span = span.ok_or_else(|| Refusal::invalid_param("Aggregation is not supported."))?;
        self.aggregation = span.aggregation;
        if self.aggregation > 0
            && world.switch_is("volcengine.alignment", "refused")
            && bucket_start(self.start, self.aggregation) != self.start
        {
            return Err(Refusal::invalid_param("StartTime is not aligned to Aggregation."));
        }
        self.limit(world, span.longest)
    }

    /// What happens outside of the limits is not documented; a refusal is likely.
    fn limit(&mut self, world: &World, longest: i64) -> Result<(), Refusal> {
        let earliest = world.now().as_second() - self.action.history_days * DAY;
        let by_days = world.switch_is("volcengine.span_measure", "calendar_days") && longest >= DAY;
        let span = if by_days {
            let day = |second: i64| (second + EIGHT_HOURS).div_euclid(DAY);
            (day(self.end) - day(self.start) + 1) * DAY
        } else {
            self.end - self.start
        };
        if self.start >= earliest && span <= longest {
            return Ok(());
        }
        match world.switch("volcengine.over_span").as_deref() {
            Some("truncated") => {
                self.start = self.start.max(bucket_start(earliest + DAY - 1, DAY));
                self.end = self.end.min(self.start + longest - 1).max(self.start);
                Ok(())
            }
            Some("empty") => {
                self.out_of_limits = true;
                Ok(())
            }
            _ if self.start < earliest => Err(Refusal::invalid_param("StartTime is out of the supported history.")),
            _ => Err(Refusal::invalid_param("The time range is too long.")),
        }
    }
}

/// The regions that an item of a list names: the parents of a country or province are required.
fn regions_of(item: &Value) -> Vec<&'static Region> {
    let code = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let (area, country, province) = (code("Area"), code("Country"), code("Province"));
    if country.is_empty() && !province.is_empty() {
        return Vec::new();
    }
    let fits = |given: &str, known: &str| given.is_empty() || given == known;
    let matches = |region: &&Region| region.0 == area && fits(country, region.1) && fits(province, region.2);
    REGIONS.iter().filter(matches).collect()
}

/// The share that providers, protocols, regions and streams together leave; an empty list leaves the whole.
pub fn share_of(isps: &[&Part], protocols: &[&Part], regions: &[&Region], streams: &[u64]) -> Share {
    let some = |any: bool, share: Share| if any { share } else { Share::WHOLE };
    let parts = |parts: &[&Part]| {
        let sum = parts.iter().map(|part| part.twentieths).sum();
        some(!parts.is_empty(), Share::twentieths(sum))
    };
    let regional = Share::twentieths(regions.iter().map(|region| region.3).sum());
    let streamed = Share {
        num: streams.iter().map(|number| figures::share_of_stream(*number).num).sum(),
        den: 128,
    };
    parts(isps)
        .of(parts(protocols))
        .of(some(!regions.is_empty(), regional))
        .of(some(!streams.is_empty(), streamed))
}

/// The code of a region in a part.
pub fn region_code(region: &Region, part: RegionPart) -> &'static str {
    match part {
        RegionPart::Area => region.0,
        RegionPart::Country => region.1,
        RegionPart::Province => region.2,
    }
}

fn known_vhosts(names: &[String]) -> Result<Vec<&'static str>, Refusal> {
    let find = |name: &String| VHOSTS.into_iter().find(|vhost| vhost == name);
    unique(
        names
            .iter()
            .map(|name| find(name).ok_or_else(|| Refusal::forbidden(name))),
    )
}

/// The values without repetitions, or the first refusal.
fn unique<T: PartialEq>(found: impl Iterator<Item = Result<T, Refusal>>) -> Result<Vec<T>, Refusal> {
    let mut values = Vec::new();
    for value in found {
        let value = value?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

fn stream_of(app: &str, stream: &str) -> Result<u64, Refusal> {
    let number = figures::stream_number(stream).filter(|_| app == figures::APP);
    number.ok_or_else(|| Refusal::not_found(&format!("{app}/{stream}")))
}

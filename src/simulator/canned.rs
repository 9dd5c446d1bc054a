//! A service that is a document's canned answers: it says what the document has for a request, and nothing else.

use super::accounts;
use super::http::{Request, Response};
use super::world::World;
use super::{Service, Switch};

/// One canned answer, and the request that it is for.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The method.
    pub method: String,
    /// The path behind the service's address, percent-encoded, with the slash before it.
    pub path: String,
    /// The decoded pairs of the query.
    pub query: Vec<(String, String)>,
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The service of a document.
#[derive(Debug, Clone)]
pub struct Canned {
    /// The provider's name.
    pub name: &'static str,
    /// The fields of its first account.
    pub fields: Vec<(&'static str, String)>,
    /// What it knows to say.
    pub answers: Vec<Answer>,
}

impl Canned {
    /// Where it stands among the services: none of the others has such paths.
    fn place(&self) -> String {
        format!("/~{}", self.name)
    }

    /// The answer to a request: of those with its method and path, the one with the most of its query.
    fn find(&self, request: &Request) -> Option<&Answer> {
        let path = request.path.strip_prefix(&self.place())?;
        let query = request.query_pairs();
        let fits = |answer: &&Answer| answer.method == request.method && answer.path == path;
        let common = |answer: &&Answer| answer.query.iter().filter(|pair| query.contains(pair)).count();
        // Of several, the first: `max_by_key` would take the last.
        self.answers.iter().rev().filter(fits).max_by_key(common)
    }
}

impl Service for Canned {
    fn name(&self) -> &'static str {
        self.name
    }

    fn base_url(&self, origin: &str) -> String {
        format!("{origin}{}", self.place())
    }

    fn credentials(&self, account: u32) -> Vec<(&'static str, String)> {
        let fields = self.fields.iter();
        fields
            .map(|(name, word)| (*name, accounts::word(word, account)))
            .collect()
    }

    fn account(&self, _request: &Request) -> Option<u32> {
        Some(1)
    }

    fn switches(&self) -> &'static [Switch] {
        &[]
    }

    fn claims(&self, request: &Request) -> bool {
        let rest = request.path.strip_prefix(&self.place());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn answer(&self, _world: &World, request: &Request) -> Response {
        let Some(answer) = self.find(request) else {
            let text = format!(
                "the document has no canned answer to {} {}",
                request.method, request.path
            );
            return Response::json(
                404,
                &serde_json::json!({"error": {"code": "no_canned_answer", "message": text}}),
            );
        };
        let has_type = answer
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut response = Response::text(answer.status, "application/json", answer.body.clone());
        if has_type {
            response.headers.clear();
        }
        response.headers.extend(answer.headers.iter().cloned());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(query: &[(&str, &str)], body: &str) -> Answer {
        Answer {
            method: "GET".to_owned(),
            path: "/v1/usage".to_owned(),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            status: 200,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_answer_with_the_most_of_the_query_is_said() {
        let service = Canned {
            name: "acme",
            fields: vec![("api_key", "example".to_owned())],
            answers: vec![
                answer(&[("day", "1")], "one"),
                answer(&[("day", "2"), ("of", "a b")], "two"),
                answer(&[], "else"),
            ],
        };
        let ask = |path: &str, query: &str| {
            let request = Request {
                method: "GET".to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                ..Request::default()
            };
            let world = World::new(1, None);
            assert_eq!(service.claims(&request), path.starts_with("/~acme/"), "{path}");
            let response = service.answer(&world, &request);
            (response.status, String::from_utf8(response.body).unwrap())
        };
        assert_eq!(ask("/~acme/v1/usage", "day=1").1, "one");
        assert_eq!(ask("/~acme/v1/usage", "of=a%20b&day=2").1, "two");
        assert_eq!(ask("/~acme/v1/usage", "day=9").1, "one");
        assert_eq!(ask("/~acme/v1/other", "").0, 404);
        assert_eq!(ask("/~acmeother/v1/usage", "").0, 404);
        assert_eq!(service.base_url("http://127.0.0.1:1"), "http://127.0.0.1:1/~acme");
        assert_eq!(service.credentials(2), [("api_key", "example-2".to_owned())]);
    }
}

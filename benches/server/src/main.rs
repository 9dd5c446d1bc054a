//! A server of prebuilt answers on loopback, so cheap that a benchmark measures its client and not the server.
//!
//!     bench-server BODIES --ca CA.pem [--seconds 3600]
//!
//! `BODIES` holds a folder for each set of bodies, and in it files `KEY.NUMBER.json`. A request for
//! `/SET/MILLISECONDS/…` gets a body of that set after that delay. The key is what the request asks for: the action of a
//! query, the command of a packet, or the last segment of the path. Which of a key's bodies it gets follows from the
//! characters of the request, so that clients that ask for the same get the same. Credentials are not checked.
//!
//! The first line on stdout tells the ports: `PLAIN TLS`. TLS takes HTTP/2 or HTTP/1.1 by ALPN; the certificate is made
//! at each start and its authority written to `CA.pem`. `/count` tells the number of requests so far, and so does the
//! last line on stdout. It ends after `--seconds`, or when stdin ends, and so with its parent.

mod bodies;
mod http;

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::bodies::Site;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let bodies = arguments.get(1).ok_or("which folder of bodies?")?;
    let ca = option("--ca").ok_or("--ca is missing")?;
    let seconds = option("--seconds").map_or(Ok(3600), |text| text.parse())?;
    let site = Rc::new(Site::load(Path::new(bodies))?);
    let tls = certified(Path::new(ca))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, serve(Rc::clone(&site), tls, Duration::from_secs(seconds)))?;
    // Whom it was told for may be gone already.
    let _ = writeln!(std::io::stdout(), "{}", site.count());
    Ok(())
}

async fn serve(site: Rc<Site>, tls: TlsAcceptor, longest: Duration) -> Outcome<()> {
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let secure = TcpListener::bind("127.0.0.1:0").await?;
    println!("{} {}", plain.local_addr()?.port(), secure.local_addr()?.port());
    std::io::stdout().flush()?;
    let secure_site = Rc::clone(&site);
    tokio::task::spawn_local(async move {
        while let Ok((socket, _)) = plain.accept().await {
            ready(&socket);
            tokio::task::spawn_local(http::first(socket, Rc::clone(&site)));
        }
    });
    tokio::task::spawn_local(async move {
        while let Ok((socket, _)) = secure.accept().await {
            ready(&socket);
            tokio::task::spawn_local(shake_hands(socket, tls.clone(), Rc::clone(&secure_site)));
        }
    });
    // A timeout is an end like any other.
    let _ = tokio::time::timeout(longest, end_of_stdin()).await;
    Ok(())
}

fn ready(socket: &TcpStream) {
    // Without it answers wait for acknowledgements; a socket that refuses is slower, not wrong.
    let _ = socket.set_nodelay(true);
}

async fn shake_hands(socket: TcpStream, tls: TlsAcceptor, site: Rc<Site>) {
    let Ok(stream) = tls.accept(socket).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http::second(stream, site).await;
    } else {
        http::first(stream, site).await;
    }
}

async fn end_of_stdin() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
        ended.send(())
    });
    let _ = end.await;
}

/// An authority, written to that file, and a certificate of it for this machine.
fn certified(ca: &Path) -> Outcome<TlsAcceptor> {
    let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.key_usages = vec![
        rcgen::KeyUsagePurpose::KeyCertSign,
        rcgen::KeyUsagePurpose::DigitalSignature,
    ];
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "benchmark");
    let ca_key = rcgen::KeyPair::generate()?;
    let authority = parameters.self_signed(&ca_key)?;
    std::fs::write(ca, authority.pem())?;
    let issuer = rcgen::Issuer::new(parameters, ca_key);
    let key = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    let certificate = parameters.signed_by(&key, &issuer)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

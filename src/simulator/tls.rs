//! A throwaway certificate authority, and the TLS side of the sockets.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::server::Certificate;

/// What an HTTPS port needs, and what its clients need to trust it.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// The authority's own certificate: the one that clients have to trust.
    pub(super) ca_pem: String,
}

/// Makes an authority and a certificate for this port's names, both fresh and known to nobody else.
pub(super) fn issue(certificate: Certificate) -> io::Result<Tls> {
    let authority = CertifiedIssuer::self_signed(authority_params(), new_key()?).map_err(io::Error::other)?;
    let key = new_key()?;
    let leaf = leaf_params(certificate)?
        .signed_by(&key, &authority)
        .map_err(io::Error::other)?;
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(server_config(chain, key)?)),
        ca_pem: authority.pem(),
    })
}

fn server_config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> io::Result<ServerConfig> {
    // The provider is passed, not installed: a process-wide default would be somebody else's decision.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn new_key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

// The key usages and the authority key identifier are what strict verifiers (Python 3.13's default) insist on.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("metertap simulator throwaway authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

fn leaf_params(certificate: Certificate) -> io::Result<CertificateParams> {
    let names: &[&str] = match certificate {
        Certificate::WrongHost => &["elsewhere.invalid"],
        Certificate::Good | Certificate::Expired => &["localhost", "127.0.0.1", "::1"],
    };
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = named("metertap simulator");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = match certificate {
        Certificate::Expired => date_time_ymd(2021, 1, 1),
        Certificate::Good | Certificate::WrongHost => date_time_ymd(2120, 1, 1),
    };
    Ok(params)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

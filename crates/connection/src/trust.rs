//! Whom a connection trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::options::TlsMode;
use crate::{AddressError, Tls};

/// Makes TLS as a mode asks for it. Who names certificates wants them looked at: `require` with a file
/// is `verify-ca`, as in PostgreSQL's own programs.
pub(crate) fn tls(mode: TlsMode, roots: Option<&Path>) -> Result<Tls, AddressError> {
    let provider = Arc::new(ring::default_provider());
    let trust = match (mode, roots) {
        (TlsMode::VerifyFull, roots) => chain(roots, &provider, Name::Matters)?,
        (TlsMode::VerifyCa, roots) | (TlsMode::Require, roots @ Some(_)) => {
            chain(roots, &provider, Name::IsAnything)?
        }
        (TlsMode::Disable | TlsMode::Prefer | TlsMode::Require, _) => Trust::Anybody,
    };
    let check = Check { trust, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(check))
        .with_no_client_auth();
    Ok(Tls::new(config))
}

fn chain(
    roots: Option<&Path>,
    provider: &Arc<CryptoProvider>,
    name: Name,
) -> Result<Trust, AddressError> {
    let named = roots.filter(|path| *path != Path::new("system"));
    let certificates = match named {
        Some(path) => of_file(path)?,
        None => of_system()?,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates.iter().cloned());
    let web = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
    let web = web.build().map_err(|error| match named {
        Some(path) => unusable(path, &error),
        None => AddressError::NoRoots(error.to_string()),
    })?;
    let pinned = if named.is_some() { certificates } else { Vec::new() };
    Ok(Trust::Chain { web, pinned, name })
}

fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, AddressError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unusable(path, &error))?;
    if certificates.is_empty() {
        return Err(unusable(path, &"there is none in the file"));
    }
    Ok(certificates)
}

fn of_system() -> Result<Vec<CertificateDer<'static>>, AddressError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(AddressError::NoRoots(reasons.join("; ")));
    }
    Ok(found.certs)
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> AddressError {
    AddressError::Certificates { path: path.to_owned(), reason: reason.to_string() }
}

/// Whether a certificate has to be for the host's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Matters,
    IsAnything,
}

#[derive(Debug)]
enum Trust {
    /// Keeps listeners out, and nobody who stands in between.
    Anybody,
    Chain {
        web: Arc<WebPkiServerVerifier>,
        /// What the file holds is trusted as it is: servers often sign their certificate themselves, and
        /// such a one is no certificate authority's, or should not be one.
        pinned: Vec<CertificateDer<'static>>,
        name: Name,
    },
}

#[derive(Debug)]
struct Check {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Check {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Chain { web, pinned, name } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        if pinned.contains(end_entity) {
            if *name == Name::Matters {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        let verified =
            web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The chain is looked at before the name.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if *name == Name::IsAnything => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

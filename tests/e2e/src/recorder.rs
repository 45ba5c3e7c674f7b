//! An API server that is none: it notes who asks by HTTPS, and has nothing.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertifiedKey, KeyPair};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection, SignatureScheme,
    StreamOwned,
    client::danger::HandshakeSignatureValid,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

pub struct Recorder {
    port: u16,
    signed: CertifiedKey<KeyPair>,
    arrived: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Recorder {
    pub fn start() -> Self {
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(Arc::new(Anybody(provider)))
            .with_single_cert(vec![signed.cert.der().clone()], key.into())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let recorder = Self {
            port: listener.local_addr().unwrap().port(),
            signed,
            arrived: Arc::default(),
        };
        let arrived = Arc::clone(&recorder.arrived);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (config, arrived) = (Arc::clone(&config), Arc::clone(&arrived));
                // A client that goes away is no failure.
                thread::spawn(move || answer(client, config, &arrived));
            }
        });
        recorder
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Its own authority, and a certificate that a client may show, in PEM.
    pub fn certificate(&self) -> String {
        self.signed.cert.pem()
    }

    pub fn key(&self) -> String {
        self.signed.signing_key.serialize_pem()
    }

    /// Of the last question since the last call: what of it says who asks, in order.
    pub fn last(&self) -> Option<Vec<String>> {
        self.arrived.lock().unwrap().drain(..).next_back()
    }
}

pub fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn answer(
    client: TcpStream,
    config: Arc<ServerConfig>,
    arrived: &Mutex<Vec<Vec<String>>>,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, client);
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let identity = |line: &&str| {
            let line = line.to_lowercase();
            line.starts_with("authorization:") || line.starts_with("impersonate-")
        };
        let lower = |line: &str| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
            None => line.to_owned(),
        };
        let mut who: Vec<String> = head.lines().filter(identity).map(lower).collect();
        if stream.conn.peer_certificates().is_some() {
            who.push("a client certificate".to_owned());
        }
        if let Some(name) = stream.conn.server_name() {
            who.push(format!("server name {name}"));
        }
        who.sort();
        arrived.lock().unwrap().push(who);
        let status = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"page not found","code":404}"#;
        write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{status}",
            status.len()
        )?;
        stream.flush()?;
    }
}

/// Takes any client certificate, and none.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

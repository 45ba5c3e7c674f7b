//! A company's network in front of the API server: a proxy that ends TLS and speaks plain HTTP/1.1,
//! and has its own mind where a request wants to be more than that.

use std::{io, sync::Arc, thread};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, pem::PemObject},
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::Lab;

/// What becomes of a request to open a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSockets {
    /// It is passed on as any other, so without the header that makes it one.
    Ignored,
    Refused,
    /// It opens, and is cut at its first byte.
    Cut,
}

pub struct Gateway {
    port: u16,
    authority: NamedTempFile,
}

struct Behind {
    address: String,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Gateway {
    /// In front of the API server of the lab's kubeconfig.
    pub fn to_api_server(lab: &Lab, websockets: WebSockets) -> Self {
        let behind = Arc::new(Behind::of(lab));
        let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let authority = NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), signed.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.into()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (client, _) = listener.accept().await.unwrap();
                    let (acceptor, behind) = (acceptor.clone(), Arc::clone(&behind));
                    tokio::spawn(async move {
                        // A client that goes away is no failure.
                        let client = acceptor.accept(client).await?;
                        pass(client, &behind, websockets).await
                    });
                }
            });
        });
        Self { port, authority }
    }

    /// Flags that make a command go through it.
    pub fn flags(&self) -> [String; 2] {
        [
            format!("--server=https://127.0.0.1:{}", self.port),
            format!(
                "--certificate-authority={}",
                self.authority.path().display()
            ),
        ]
    }
}

impl Behind {
    fn of(lab: &Lab) -> Self {
        let view = ["config", "view", "--minify", "--raw", "-o", "json"];
        let config = lab.kubectl(&view).ok().json();
        let cluster = &config["clusters"][0]["cluster"];
        let url = cluster["server"].as_str().unwrap();
        let address = url.trim_start_matches("https://").to_owned();
        let pem = cluster["certificate-authority-data"].as_str().unwrap();
        let pem = BASE64_STANDARD.decode(pem).unwrap();
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(&pem) {
            roots.add(root.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = address.split(':').next().unwrap().to_owned();
        Self {
            address,
            name: host.try_into().unwrap(),
            connector: TlsConnector::from(Arc::new(config)),
        }
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// One request, and a connection for each: so that none is an upgrade that was not looked at.
async fn pass(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    behind: &Behind,
    websockets: WebSockets,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let is_upgrade = head.to_lowercase().contains("\r\nupgrade: websocket\r\n");
    if is_upgrade && websockets == WebSockets::Refused {
        let page = "<html><h1>Forbidden by your company's rules</h1></html>";
        let answer = format!(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
            page.len()
        );
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let server = TcpStream::connect(&behind.address).await?;
    let mut server = (behind.connector)
        .connect(behind.name.clone(), server)
        .await?;
    if is_upgrade && websockets == WebSockets::Cut {
        server.write_all(head.as_bytes()).await?;
        let mut answer = [0; 4096];
        let length = server.read(&mut answer).await?;
        client.write_all(&answer[..length]).await?;
        client.read_u8().await?;
        return Ok(());
    }
    let hop_by_hop = |line: &&str| {
        let line = line.to_lowercase();
        !line.starts_with("connection:") && !line.starts_with("upgrade:")
    };
    let lines: Vec<&str> = head.trim_end().split("\r\n").filter(hop_by_hop).collect();
    let head = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
    server.write_all(head.as_bytes()).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

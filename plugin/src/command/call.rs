//! `call`: one request to an application, with curl's flags and curl's manners.

use std::path::Path;
use std::str::FromStr;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, UPGRADE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri};
use ray_serve_client::Dial;
use ray_serve_client::http::Route;
use ray_serve_client::http::body::Content;
use ray_serve_client::http::{Prepared, StreamedResponse};
use ray_serve_client::state::details::Details;
use ray_serve_client::{self as serve, http::Call};

use crate::connect::client::AGENT;
use crate::connect::client::client;
use crate::connect::flags::{ConnectionFlags, Via};
use crate::connect::next;
use crate::connect::service_proxy::is_of_the_api_server;
use crate::connect::{self, ClusterName, Target};
use crate::error::Failure;
use crate::input::Input;
use crate::output::Ui;

/// What curl says data is, unless told.
const FORM: &str = "application/x-www-form-urlencoded";
const GRPC: &[u8] = b"application/grpc";

const EXAMPLES: &str = "\
Examples:
  # What an application answers to a POST
  kubectl ray serve call test-cluster /fruit/ -d '[\"MANGO\", 2]'

  # A language model's answer, printed as it comes
  kubectl ray serve call llm /v1/chat/completions -H 'Content-Type: application/json' -d @chat.json

  # Status and headers too
  kubectl ray serve call test-cluster /-/healthz -i

The request goes through a tunnel to Serve's HTTP port on the head, so nothing needs to listen on
this machine. Redirects are not followed. A response with a status of 400 or higher is printed, and
the command exits with 1. --request-timeout limits how long the application may be silent, before
its answer and within it. Ray tokens are only for the dashboard and are not sent; pass the
application's own credentials with -H.

With --via proxy the API server is in between: an Authorization header would be its own and is
refused, %2F in a path arrives as / and // as /, and the links of an HTML answer lead through it.

gRPC and WebSocket applications need their own client, which can talk through
  kubectl port-forward service/CLUSTER-serve-svc 8000   # WebSocket: ws://127.0.0.1:8000/...
  kubectl port-forward HEAD-POD 9000                    # gRPC: the port of grpc_options";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the RayCluster
    #[arg(value_name = "CLUSTER")]
    raycluster: ClusterName,
    /// Path of the request, with its query, such as /fruit?kind=mango
    #[arg(value_parser = parse_path)]
    path: PathAndQuery,
    /// Method (default: GET, or POST with --data)
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<Method>,
    /// Body: DATA itself, @FILE, or @- for standard input; sent as it is
    #[arg(short, long, value_name = "DATA|@FILE|@-", allow_hyphen_values = true)]
    data: Option<String>,
    /// Header to send; one without a value is left out. May be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    headers: Vec<(HeaderName, Option<HeaderValue>)>,
    /// Also print the answer's status and headers
    #[arg(short, long)]
    include: bool,
}

/// What a client of another protocol is told, since no answer to plain HTTP would tell it.
fn not_spoken(protocol: &str) -> String {
    format!(
        "call speaks plain HTTP: a {protocol} application needs its own client, and \"{}\" says how that gets through",
        next::offline("call", "--help")
    )
}

fn parse_path(text: &str) -> Result<PathAndQuery, String> {
    match text.split_once("://") {
        Some(("ws" | "wss", _)) => return Err(not_spoken("WebSocket")),
        Some(("grpc" | "grpcs", _)) => return Err(not_spoken("gRPC")),
        Some(("http" | "https", _)) => {
            return Err("a path is enough, such as /fruit: the RayCluster is known".to_owned());
        }
        _ => {}
    }
    let with_slash = if text.starts_with('/') {
        text.to_owned()
    } else {
        format!("/{text}")
    };
    PathAndQuery::from_str(&with_slash)
        .map_err(|_| "not the path of a URL: percent-encode spaces and the like".to_owned())
}

fn parse_header(text: &str) -> Result<(HeaderName, Option<HeaderValue>), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected NAME: VALUE".to_owned())?;
    let name = HeaderName::from_str(name.trim()).map_err(|error| error.to_string())?;
    let value = match value.trim() {
        "" => None,
        value => Some(HeaderValue::from_str(value).map_err(|error| error.to_string())?),
    };
    match &value {
        Some(_) if name == UPGRADE => Err(not_spoken("WebSocket")),
        Some(value) if name == CONTENT_TYPE && value.as_bytes().starts_with(GRPC) => {
            Err(not_spoken("gRPC"))
        }
        _ => Ok((name, value)),
    }
}

impl Args {
    fn request(&self, route: &Route) -> Result<http::Request<Content>, Failure> {
        let data = self.data.as_deref().map(read).transpose()?;
        let method = match (&self.method, &data) {
            (Some(method), _) => method.clone(),
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        let has_data = data.is_some();
        let mut request = http::Request::new(Content::from(data.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from(self.path.clone());
        let headers = request.headers_mut();
        route.set_host(headers);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if has_data {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        }
        // First all of ours that the user's replace, then all of the user's: one may come twice.
        for (name, _) in &self.headers {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            if let Some(value) = value {
                headers.append(name, value.clone());
            }
        }
        Ok(request)
    }

    fn failed(&self, status: StatusCode, details: &Details) -> Failure {
        let cluster = &self.raycluster;
        let known: Vec<&str> = details
            .applications
            .values()
            .filter_map(|application| application.route_prefix.as_deref())
            .collect();
        let is_routed = known.iter().any(|route| is_below(self.path.path(), route));
        let hint = match (status, known.as_slice()) {
            (StatusCode::NOT_FOUND, []) => Some("no application has a route".to_owned()),
            (StatusCode::NOT_FOUND, known) if !is_routed => {
                Some(format!("applications are at {}", known.join(", ")))
            }
            (StatusCode::UPGRADE_REQUIRED, _) => Some(not_spoken("WebSocket")),
            _ => None,
        };
        Failure::Failed(format!(
            "{} on raycluster/{cluster} answered {status}",
            self.path.path()
        ))
        .with_hint_if(hint)
    }
}

fn is_below(path: &str, route: &str) -> bool {
    let rest = path.strip_prefix(route.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn read(data: &str) -> Result<Bytes, Failure> {
    let file = match data.strip_prefix('@') {
        Some(file) => file,
        None if data == "-" => data,
        None => return Ok(data.to_owned().into()),
    };
    Ok(Input::read(Path::new(file))?.bytes.into())
}

pub async fn run(args: &Args, connection: &ConnectionFlags, ui: &Ui) -> Result<(), Failure> {
    let taken = (args.headers.iter()).find(|(name, _)| is_of_the_api_server(name));
    if let Some((name, _)) = taken.filter(|_| connection.via == Via::Proxy) {
        return Err(Failure::Usage(format!(
            "with --via proxy the header {name} is the API server's and reaches no application"
        ))
        .with_hint(format!("leave out -H {name}, or --via proxy")));
    }
    let mut client = client(connection, &args.raycluster)?;
    let details = client.applications().await?.details;
    if !details.serve_is_running() {
        return Err(Failure::Failed(format!(
            "Serve does not run on raycluster/{}",
            args.raycluster
        ))
        .with_hint("submit an application first"));
    }
    let dashboard = client.dial_mut();
    let port = port(&details, dashboard).await?;
    let opened = dashboard.open_at(port).await?;
    let mut request = args.request(&opened.route)?;
    opened
        .route
        .prepare(&mut request)
        .await
        .map_err(serve::Error::from)?;
    let prepared = Prepared::new(
        opened,
        dashboard.describe_at(port),
        Call::of("the request"),
        request,
        connection.request_timeout.0,
    );
    let answered = async { prepared.await?.answer().await };
    let response = answered.await.map_err(|error| match error.into() {
        Failure::Cluster(connect::Error::NotListening { pod, port }) => {
            Failure::Failed(format!(
                "nothing listens on port {port} of pod/{pod}: Serve has no HTTP proxy on the head (proxy_location is {})",
                details.proxy_location.as_deref().unwrap_or("not told")
            ))
            .with_hint(format!(
                "see {}",
                client.dial().next().serve("status", &[&args.raycluster.to_string()], "")
            ))
        }
        other => other,
    })?;
    let status = response.head.status;
    match print(args, response, ui).await {
        // Whoever stopped reading has not seen how it ended; the exit code tells.
        Err(Failure::OutputClosed) | Ok(()) => {}
        Err(failure) => return Err(failure),
    }
    if status.is_client_error() || status.is_server_error() {
        return Err(args.failed(status, &details));
    }
    Ok(())
}

async fn port(details: &Details, target: &mut Target) -> Result<u16, Failure> {
    if let Some(port) = details.http_options.port {
        return Ok(port);
    }
    let cluster = target.find().await?;
    Ok(cluster.map_or(
        kuberay::ports::SERVE.number,
        connect::RayCluster::serve_port,
    ))
}

async fn print(args: &Args, mut response: StreamedResponse, ui: &Ui) -> Result<(), Failure> {
    let mut out = ui.foreign();
    if args.include {
        let mut head =
            format!("{:?} {}\r\n", response.head.version, response.head.status).into_bytes();
        for (name, value) in &response.head.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        out.push(&head)?;
    }
    let mut ends_line = true;
    let result = loop {
        match response.next().await {
            Ok(Some(piece)) => {
                ends_line = piece.last().map_or(ends_line, |last| *last == b'\n');
                out.push(&piece)?;
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    out.end()?;
    // What comes next on a terminal, a prompt or an error, begins a line.
    if ui.is_terminal() && !ends_line {
        ui.data(b"\n")?;
    }
    Ok(result?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_application_s_from_a_slash_on() {
        for (path, route, below) in [
            ("/fruit", "/fruit", true),
            ("/fruit/", "/fruit", true),
            ("/fruits", "/fruit", false),
            ("/any/thing", "/", true),
            ("/", "/fruit", false),
        ] {
            assert_eq!(is_below(path, route), below, "{path} {route}");
        }
    }
}

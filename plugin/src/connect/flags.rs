//! kubectl's connection flags, under kubectl's names.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::next::Spoken;
use super::trace::Trace;

/// Ray's DELETE blocks for 5 s and the first PUT, which starts Serve, for up to 10 s.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionFlags {
    /// Kubeconfig file to use instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Kubeconfig context to use
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// Kubeconfig cluster to use
    #[arg(long, global = true)]
    pub cluster: Option<String>,
    /// Kubeconfig user to use
    #[arg(long, global = true)]
    pub user: Option<String>,
    /// Namespace of the RayCluster
    #[arg(short, long, global = true)]
    pub namespace: Option<String>,
    /// Address and port of the Kubernetes API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, global = true, hide_env_values = true)]
    pub token: Option<String>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(long, global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// UID to impersonate
    #[arg(long, global = true, value_name = "UID")]
    pub as_uid: Option<String>,
    /// CA certificate of the API server
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
    /// Client certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,
    /// Key of the client certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Do not check the API server's certificate
    #[arg(long, global = true, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub insecure_skip_tls_verify: Option<bool>,
    /// Name to check the API server's certificate against
    #[arg(long, global = true, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Time limit of each request, such as 5, 10s or 2m; 0 means no limit
    #[arg(long, global = true, value_name = "DURATION", default_value_t = Limit(Some(DEFAULT_REQUEST_TIMEOUT)), value_parser = parse_limit)]
    pub request_timeout: Limit,
    /// Talk to the Ray dashboard at this URL instead of going through Kubernetes;
    /// a Ray token is taken from $RAY_AUTH_TOKEN
    #[arg(long, global = true, value_name = "URL", conflicts_with = "via")]
    pub address: Option<String>,
    /// Way from the API server to the head: a port-forward, which is a WebSocket, or the service
    /// proxy, which is plain HTTP and gets through where a network lets no WebSocket
    #[arg(long, global = true, value_enum, value_name = "WAY", default_value_t)]
    pub via: Via,
    /// How a user types this plugin, for commands to type next.
    #[arg(skip)]
    pub spoken: Spoken,
    /// Trace HTTP requests from level 6 on: method, URL, status and time of each, on stderr, and never
    /// a header or a body. Higher levels print the same; -v alone means 6
    #[arg(
        id = "v",
        short = 'v',
        long = "v",
        global = true,
        value_name = "LEVEL",
        num_args = 0..=1,
        default_value_t = 0,
        hide_default_value = true,
        default_missing_value = "6"
    )]
    pub verbosity: u32,
    /// Where these lines go, if they are asked for.
    #[arg(skip)]
    pub trace: Trace,
    /// Set when no user is there to answer a credential plugin.
    #[arg(skip)]
    pub unattended: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Via {
    #[default]
    PortForward,
    Proxy,
}

/// A time limit; `None` is no limit, which kubectl writes as 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

/// A limit in the notation of `parse_limit`.
impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("0"),
            Some(limit) if limit.subsec_nanos() == 0 => write!(formatter, "{}s", limit.as_secs()),
            Some(limit) => write!(formatter, "{}ms", limit.as_millis().max(1)),
        }
    }
}

/// kubectl's notation: seconds without a unit, or Go's durations (`1h2m3.5s`, `500ms`).
pub fn parse_limit(text: &str) -> Result<Limit, String> {
    let duration = parse_duration(text)
        .ok_or_else(|| "expected a duration such as 30, 500ms, 10s, 2m or 1h30m".to_owned())?;
    Ok(Limit((!duration.is_zero()).then_some(duration)))
}

fn parse_duration(text: &str) -> Option<Duration> {
    if !text.is_ascii() || text.is_empty() {
        return None;
    }
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_len = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_kubectl_reads_them() {
        for (text, expected) in [
            ("5", Some(5000)),
            ("500ms", Some(500)),
            ("1.5s", Some(1500)),
            ("1h1m1s", Some(3_661_000)),
            ("0", None),
            ("0s", None),
        ] {
            assert_eq!(
                parse_limit(text).unwrap().0,
                expected.map(Duration::from_millis),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "5x", "-1s", "1s5", ".", "1e99h", "ü"] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }
}

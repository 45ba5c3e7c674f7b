//! `--wait-for`: for scripts, which want an exit code and not a picture.

use ray_serve_client::state::details::{DEPLOY_FAILED, Details};
use tokio::time::Instant;

use super::POLL;
use crate::connect::ClusterName;
use crate::connect::client::Client;
use crate::connect::flags::Limit;
use crate::error::Failure;
use crate::output::Ui;

/// Whether all applications run and can be asked.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Running,
    NotYet(String),
    /// There is no application, and none comes by itself.
    Nothing,
    /// Not without somebody doing something.
    Never(String),
}

pub(super) async fn until_running(
    client: &mut Client,
    cluster: &ClusterName,
    timeout: Limit,
    ui: &Ui,
) -> Result<(), Failure> {
    let deadline = timeout.0.map(|limit| Instant::now() + limit);
    let mut progress = ui.progress();
    let submit = client.dial().next().serve(
        "submit",
        &[&cluster.to_string()],
        "-f serve_config.yaml --wait",
    );
    let mut had_some = false;
    let ended = loop {
        let pending = match client.applications().await {
            Ok(answer) => {
                let details = answer.details;
                let why = match judge(&details) {
                    Verdict::Running => break Ok(()),
                    Verdict::Never(why) => break Err(Failure::Failed(why)),
                    Verdict::NotYet(why) => why,
                    Verdict::Nothing => format!("{}: {submit}", nothing(had_some)),
                };
                had_some |= !details.applications.is_empty();
                progress.waiting(&why);
                why
            }
            Err(error) if error.may_pass() => {
                let why = error.to_string();
                progress.away(&why);
                why
            }
            Err(error) => break Err(error.into()),
        };
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break Err(Failure::Failed(format!(
                "timed out (--timeout) waiting for raycluster/{cluster} to run its applications: {pending}"
            )));
        }
        tokio::time::sleep(POLL).await;
    };
    progress.clear();
    ended
}

/// Why there is nothing to wait for; `had_some` is whether there was.
fn nothing(had_some: bool) -> &'static str {
    if had_some {
        "it runs no application any more: Serve was shut down or its head restarted, which loses all of them, and none comes back by itself"
    } else {
        "it runs no application, and none comes by itself"
    }
}

fn judge(details: &Details) -> Verdict {
    let Some((name, worst)) = details.worst_application() else {
        return Verdict::Nothing;
    };
    if !worst.is_running() {
        let why = worst
            .problem()
            .map_or_else(String::new, |why| format!(": {why}"));
        let said = format!("application/{name} is {}{why}", worst.status);
        return if worst.status == DEPLOY_FAILED {
            Verdict::Never(said)
        } else {
            Verdict::NotYet(said)
        };
    }
    let has_proxies = details.proxy_location.as_deref() != Some("Disabled");
    if has_proxies && details.healthy_proxies() == 0 {
        return Verdict::NotYet("no proxy is HEALTHY".to_owned());
    }
    Verdict::Running
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(value: &Value) -> Verdict {
        judge(&serde_json::from_value(value.clone()).unwrap())
    }

    #[test]
    fn running_is_every_application_and_somebody_to_take_requests() {
        let a = json!({"a": {"status": "RUNNING"}});
        let healthy = json!({"n": {"status": "HEALTHY"}});
        assert_eq!(
            of(&json!({"applications": a, "proxies": healthy})),
            Verdict::Running
        );
        assert_eq!(
            of(&json!({"applications": a, "proxies": {"n": {"status": "STARTING"}}})),
            Verdict::NotYet("no proxy is HEALTHY".into())
        );
        assert_eq!(
            of(&json!({"applications": a, "proxy_location": "Disabled"})),
            Verdict::Running
        );
        assert_eq!(
            of(&json!({"applications": {}, "proxies": healthy})),
            Verdict::Nothing
        );
    }

    #[test]
    fn only_a_failed_deployment_ends_the_wait() {
        let status = |status: &str| json!({"applications": {"a": {"status": "RUNNING"}, "b": {"status": status, "message": "no luck"}}});
        assert_eq!(
            of(&status("DEPLOY_FAILED")),
            Verdict::Never("application/b is DEPLOY_FAILED: no luck".into())
        );
        for other in ["UNHEALTHY", "DEPLOYING", "PAUSED"] {
            assert!(matches!(of(&status(other)), Verdict::NotYet(_)), "{other}");
        }
    }
}

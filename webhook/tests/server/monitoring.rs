//! Dashboard, alerts and documentation speak of the metrics that there are, and the reference of all.

use std::collections::BTreeSet;
use std::path::Path;

use ray_serve_controller::kubernetes::Metrics as ControllerMetrics;
use ray_serve_webhook::metrics::Metrics;

const PREFIXES: [&str; 2] = ["ray_serve_webhook_", "ray_serve_controller_"];
const DASHBOARD: &str = "charts/ray-serve-webhook/dashboards/ray-serve-webhook.json";
const ALERTS: &str = "charts/ray-serve-webhook/templates/prometheusrule.yaml";
const REFERENCE: &str = "docs/reference/metrics.md";
const ADVICE: &str = "docs/use/monitoring.md";

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every name in `text` that begins as ours do.
fn named_in(text: &str) -> BTreeSet<&str> {
    PREFIXES
        .iter()
        .flat_map(|prefix| text.match_indices(prefix))
        .map(|(start, _)| {
            let name = &text[start..];
            let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            &name[..end.unwrap_or(name.len())]
        })
        .collect()
}

/// `name{label="value"} 1` of every series that a replica has from its start.
fn series() -> Vec<String> {
    let webhook = Metrics::new().encode().expect("metrics");
    let controller = ControllerMetrics::new().encode().expect("metrics");
    [webhook, controller]
        .iter()
        .flat_map(|encoded| encoded.lines())
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn name_of(series: &str) -> &str {
    series
        .split(['{', ' '])
        .next()
        .expect("split gives something")
}

#[test]
fn dashboard_alerts_and_pages_name_metrics_that_exist() {
    let series = series();
    let exist: BTreeSet<&str> = series.iter().map(|series| name_of(series)).collect();
    for path in [DASHBOARD, ALERTS, REFERENCE, ADVICE] {
        let is_page = [REFERENCE, ADVICE].contains(&path);
        let text = file(path);
        let named = named_in(&text);
        assert!(!named.is_empty(), "{path} names no metric");
        for name in named {
            // A table names a histogram, a query one of its series.
            let histogram = format!("{name}_bucket");
            assert!(
                exist.contains(name) || (is_page && exist.contains(histogram.as_str())),
                "{path} names {name}, which is no metric: {exist:?}"
            );
        }
    }
}

#[test]
fn the_reference_and_the_dashboard_leave_no_metric_out() {
    let (reference, dashboard) = (file(REFERENCE), file(DASHBOARD));
    let (reference, dashboard) = (named_in(&reference), named_in(&dashboard));
    for series in series() {
        let name = name_of(&series);
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        assert!(
            reference.contains(family),
            "the reference does not explain {family}"
        );
        assert!(
            dashboard.contains(name),
            "the dashboard does not show {name}"
        );
    }
}

/// `increase()` sees nothing of a counter that is not there before its first event.
#[test]
fn what_an_alert_counts_is_there_before_it_happens() {
    let (series, alerts) = (series(), file(ALERTS));
    for counted in [
        r#"ray_serve_webhook_admission_requests_total{operation="CREATE",outcome="error"} 0"#,
        r#"ray_serve_webhook_admission_requests_total{operation="unknown",outcome="error"} 0"#,
        r#"ray_serve_webhook_http_responses_total{code="408"} 0"#,
        r#"ray_serve_webhook_http_responses_total{code="503"} 0"#,
        "ray_serve_webhook_requests_refused_total 0",
        r#"ray_serve_webhook_tls_reload_total{result="error"} 0"#,
        "ray_serve_webhook_tls_handshake_failures_total 0",
        r#"ray_serve_controller_changes_total{change="left",result="error"} 0"#,
        r#"ray_serve_controller_changes_total{change="narrowed",result="error"} 0"#,
        r#"ray_serve_controller_watch_errors_total{resource="pods"} 0"#,
    ] {
        assert!(
            series.iter().any(|series| series == counted),
            "{counted}: {series:#?}"
        );
        let name = name_of(counted);
        assert!(alerts.contains(name), "no alert counts {name}");
    }
}

#[test]
fn every_alert_has_its_advice_and_its_line_in_the_reference() {
    let alerts = file(ALERTS);
    let (advice, reference) = (file(ADVICE), file(REFERENCE));
    let mut names = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    assert!(names.clone().count() > 5);
    assert_eq!(
        names.find(|name| {
            let code = format!("`{name}`");
            !advice.contains(&code) || !reference.contains(&code)
        }),
        None,
        "an alert without a line on what to do"
    );
}

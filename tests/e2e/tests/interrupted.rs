//! A submit that is ended in the middle, by its user or by the head that it talks to.

use std::thread;

use e2e::{CLUSTER, On, Serving, Watching, lab, serving, serving_anew};

const FRUIT: &str = "examples/serve_config_fruit.yaml";

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn ctrl_c_ends_the_waiting_and_not_the_deploying() {
    let serving = serving();
    let submit = ["submit", CLUSTER, "-n", serving.namespace()];
    let mut submit = Watching::ray_serve(&[&submit[..], &["-f", FRUIT, "--wait"]].concat());
    submit.await_line(0, &["stderr: ", "application/fruit_app: DEPLOYING"]);
    submit.interrupt();
    assert_eq!(submit.end(), Some(130), "{:?}", submit.said());
    let said = submit.said();
    let last = said.last().unwrap();
    assert!(
        last.starts_with(
            "stderr: Stopped waiting; deploying goes on. See kubectl ray serve get test-cluster -n "
        ),
        "{last}"
    );
    assert!(
        said.contains(&"application/fruit_app created".to_owned()),
        "{said:?}"
    );
    serving
        .ray_serve("status", &["--wait-for=running", "--timeout", "2m"])
        .ok();
}

/// Waits in the head for a deployment, which is a connection to the dashboard that stays (those of the
/// kubelet's probes do not), and for the controller, which it starts. Then ends the dashboard, before it
/// can have answered. (The names are put together so as not to find this very program.)
const END_DASHBOARD: &str = r"
import os, signal, time

def processes(name):
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if name in open(f'/proc/{pid}/cmdline').read():
                yield int(pid)
        except OSError:
            pass

def connections():
    lines = [line.split() for line in open('/proc/net/tcp').readlines()[1:]]
    return {line[2] for line in lines if line[1].endswith(':%04X' % 8265) and line[3] == '01'}

dashboard = list(processes('dashboard/' + 'dashboard.py'))
before = connections()
print('ready', flush=True)
staying = set()
while not staying:
    new = connections() - before
    time.sleep(0.5)
    staying = new & connections()
print('asked', flush=True)
while not list(processes('Serve' + 'Controller')):
    time.sleep(0.02)
for pid in dashboard:
    os.kill(pid, signal.SIGKILL)
print('ended', dashboard, flush=True)
";

fn in_head(serving: &Serving, program: &str) -> Watching {
    let mut command = lab().prepared.command("kubectl");
    let head = serving.head();
    let exec = ["exec", "-n", serving.namespace(), &head, "-c", "ray-head"];
    Watching::start(command.args(exec).args(["--", "python3", "-c", program]))
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn a_deployment_cut_by_a_dying_head_is_told_or_made_again_on_the_next() {
    let serving = serving_anew();
    let config = lab().example("serve_config_fruit.yaml");
    let mut ender = in_head(&serving, END_DASHBOARD);
    ender.await_line(0, &["ready"]);
    let (told, waited) = thread::scope(|scope| {
        let told = scope.spawn(|| serving.submit(&config, &[]));
        // One that waits may come late: it finds the next head. This one may not.
        ender.await_line(0, &["asked"]);
        let waited = scope.spawn(|| serving.submit(&config, &["--wait"]));
        ender.await_line(0, &["ended ["]);
        let head = serving.head();
        let at_once = ["--grace-period=0", "--force", "--wait=false"];
        let delete = ["delete", "-n", serving.namespace(), &head];
        lab().kubectl(&[&delete[..], &at_once].concat()).ok();
        (told.join().unwrap(), waited.join().unwrap())
    });
    told.fails_in_one_sentence()
        .says("broke before the answer to the deployment was complete")
        .says("it may have got through\nhint: see kubectl ray serve get");
    waited
        .ok()
        .says_on(On::Stderr, "application/fruit_app: RUNNING")
        .says_on(
            On::Stderr,
            "All applications of raycluster/test-cluster are running.",
        );
}

//! The quickstart, typed as its page says, in a pod that stands for the reader's machine: Python, Ray
//! and the two programs, and no Kubernetes that they know of.

use std::{fs, time::Instant};

use e2e::{Alone, Lab, Namespace, Ran, console, lab, of_nine_seconds};

const MACHINE: &str = "machine";

const CURL: &str = "#!/usr/bin/python3\\nimport sys, urllib.request as u\\n\
    sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())\\n";

/// Waits for Ray's image, which has what `pip install "ray[serve]"` would download.
fn machine(lab: &'static Lab) -> Namespace {
    let space = lab.namespace("e2e-quickstart");
    let image = format!("--image=rayproject/ray:{}", lab.prepared.ray);
    let run = ["run", MACHINE, &image, "--image-pull-policy=IfNotPresent"];
    let there = ["-n", &space.name, "--restart=Never"];
    let sleeps = ["--command", "--", "sleep", "3600"];
    lab.kubectl(&[&run[..], &there, &sleeps].concat()).ok();
    let ready = ["wait", "--for=condition=Ready", "pod/machine"];
    lab.kubectl(&[&ready[..], &["-n", &space.name, "--timeout=120s"]].concat())
        .ok();
    for program in ["kubectl", "kubectl-ray"] {
        let mut which = lab.prepared.command("sh");
        which.args(["-c", &format!("realpath $(command -v {program})")]);
        let path = Ran::command(&mut which, None).ok().stdout;
        let there = format!("{}/{MACHINE}:/usr/local/bin/{program}", space.name);
        lab.kubectl(&["cp", path.trim(), &there]).ok();
    }
    // Which the image lacks, and a reader's machine does not.
    let curl = format!("printf '{CURL}' > /usr/local/bin/curl && chmod +x /usr/local/bin/curl");
    let exec = ["exec", "-n", &space.name, MACHINE, "--", "sh", "-c", &curl];
    lab.kubectl(&exec).ok();
    space
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn the_quickstart_is_true() {
    let lab = lab();
    let page = lab.prepared.root.join("docs/tutorials/quickstart.md");
    let page = fs::read_to_string(page).unwrap();
    let (downloads, steps): (Vec<_>, Vec<_>) = console(&page).into_iter().partition(|step| {
        ["ray-quickstart", "pip"]
            .iter()
            .any(|word| step.command.contains(word))
    });
    assert_eq!(downloads.len(), 3, "{downloads:?}");
    assert!(steps.len() > 10, "{steps:?}");
    // A Ray that starts beside others gives up after 30 s.
    let _alone = Alone::take();
    let space = machine(lab);
    let began = Instant::now();
    for step in steps {
        let script = format!(
            "mkdir -p /tmp/here && cd /tmp/here && exec 2>&1\n{}",
            step.command
        );
        let exec = [
            "exec",
            "-n",
            &space.name,
            MACHINE,
            "--",
            "bash",
            "-c",
            &script,
        ];
        let ran = lab.kubectl(&exec).ok();
        if let Some(difference) = step.differs(&of_nine_seconds(&ran.stdout)) {
            panic!("{difference}: {ran}");
        }
    }
    println!(
        "the quickstart took {:.0?} after its downloads",
        began.elapsed()
    );
}

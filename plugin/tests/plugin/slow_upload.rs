//! An upload of code may take long, as long as it goes on.

use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use fake_ray::{IDLE, Pace, Reply, Server, deploy};
use tempfile::TempDir;

use crate::support::{Run, last_error, plugin};

const MIB: u64 = 1 << 20;

/// Uploads 24 MiB, more than the sockets of a connection hold, with a limit of one second a request.
fn submit(server: &Server) -> Run {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("src")).unwrap();
    let mut noise = Vec::new();
    let random = File::open("/dev/urandom").unwrap();
    random.take(24 * MIB).read_to_end(&mut noise).unwrap();
    fs::write(dir.path().join("src/noise.bin"), noise).unwrap();
    fs::write(
        dir.path().join("config.yaml"),
        "applications: [{name: a, import_path: 'a:a'}]",
    )
    .unwrap();
    let url = server.url();
    let arguments = [
        "serve",
        "submit",
        "x",
        "-f",
        "config.yaml",
        "--address",
        &url,
    ];
    let flags = ["--working-dir", "src", "--request-timeout", "1s"];
    let mut command = plugin(&[&arguments[..], &flags].concat());
    command.current_dir(dir.path()).output().unwrap().into()
}

#[test]
fn an_upload_that_goes_on_outlasts_the_request_timeout() {
    let pause = Duration::from_millis(120);
    let mut kept = false;
    let mut state = IDLE.to_owned();
    let server = Server::slow(Pace { pause, end: None }, move |request| {
        if request.path.starts_with("/api/packages/") {
            kept |= request.method == "PUT";
            return if kept {
                Reply::ok("")
            } else {
                Reply::Answer(404, String::new())
            };
        }
        if request.method == "PUT" {
            state = deploy(&state, &request.body);
        }
        Reply::ok(state.clone())
    });
    let run = submit(&server);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "application/a created\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("src uploaded: 1 file, 24.0 MiB"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_upload_that_stands_still_ends() {
    let end = Some(1);
    let pace = Pace {
        pause: Duration::ZERO,
        end,
    };
    let server = Server::slow(pace, |request| match &*request.method {
        "GET" if request.path.starts_with("/api/packages/") => Reply::Answer(404, String::new()),
        _ => Reply::ok(IDLE),
    });
    let run = submit(&server);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(1), ""),
        "{}",
        run.stderr
    );
    assert_eq!(
        last_error(&run),
        format!(
            "error: the Ray dashboard at {}/ did not answer the upload of the code within 1s\n\
             hint: raise --request-timeout to wait longer",
            server.url()
        )
    );
    assert!(server.methods().iter().all(|method| method == "GET"));
}

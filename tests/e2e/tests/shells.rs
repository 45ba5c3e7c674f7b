//! Real shells on a terminal, and a head whose applications have the names of commands: nothing of
//! them runs and nothing is inserted, by kubectl's scripts and by the plugin's own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use e2e::lab_as_it_is;
use serde_json::{Map, json};
use tempfile::TempDir;

/// A shell that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// The one that may be offered.
const PLAIN: &str = "fruit_app";

/// How a shell is started, and what of it is prepared for either script.
struct Shell {
    start: &'static str,
    setup: &'static str,
    script: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        start: "bash --norc --noprofile -i",
        setup: "source /usr/share/bash-completion/bash_completion; bind 'set bell-style none'",
        script: "source <(PROGRAM completion bash)",
    },
    Shell {
        start: "zsh -f -i",
        setup: "autoload -Uz compinit; compinit -u -D; bindkey -e; unsetopt beep",
        script: "source <(PROGRAM completion zsh)",
    },
    Shell {
        start: "fish --no-config -i",
        setup: "set fish_greeting",
        script: "PROGRAM completion fish | source",
    },
];

/// A head that answers everything with applications of these names.
fn head(names: &[String]) -> String {
    let application = |name: &String| {
        let about =
            json!({"status": name, "route_prefix": name, "deployments": {name: {"status": name}}});
        (name.clone(), about)
    };
    let applications: Map<_, _> = names.iter().map(application).collect();
    let body = json!({ "applications": applications }).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let body = body.clone();
            thread::spawn(move || answer(stream.unwrap(), &body));
        }
    });
    url
}

fn answer(mut stream: TcpStream, body: &str) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

/// Names that create a file in `hit` where a shell reads anything into them, at TAB or at Enter.
fn hostile(hit: &Path) -> Vec<String> {
    let hit = hit.display();
    let mut names = Vec::new();
    for (number, (begin, end)) in [
        ("$(", ")"),
        ("`", "`"),
        ("`", "`1"),
        ("`", "`2"),
        (";", ";"),
        ("|", ""),
        ("&&", ""),
        ("&", "&"),
        ("\n", "\n"),
        ("\r", "\r"),
        ("<(", ")"),
        (">", ""),
        ("(", ")"),
        ("'$(", ")'"),
        ("\"$(", ")\""),
        ("\\$(", ")"),
        ("{a,$(", ")}"),
        ("${x:-$(", ")}"),
        ("fruit_app$(", ")"),
        ("fruit_app;", ""),
        ("fruit_app\u{1b}[200~\n", "\n"),
        ("\u{16}\u{1}\u{5}", "\u{a}"),
        ("\u{9}$(", ")"),
        ("!(", ")"),
        ("*", "*"),
        ("~", ""),
        ("=(", ")"),
    ]
    .into_iter()
    .enumerate()
    {
        for space in ["${IFS}", " ", "\\ "] {
            names.push(format!("{begin}touch{space}{hit}/{number}{end}"));
        }
        names.push(format!("{begin}>{hit}/{number}{end}"));
    }
    names
}

struct Terminal {
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// `script`, which comes with every Debian, gives a shell a terminal.
    fn start(shell: &Shell, directory: &Path, path: &str) -> Self {
        let mut command = lab_as_it_is().prepared.command("script");
        command.args(["--quiet", "--flush", "--command"]);
        command.arg(format!("stty columns 400 rows 50; exec {}", shell.start));
        command.arg("/dev/null").current_dir(directory);
        command.env("PATH", path).env("HOME", directory);
        command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script (bsdutils)");
        let (keys, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read) = stdout.read(&mut piece)
                && read > 0
                && sender.send(piece[..read].to_vec()).is_ok()
            {}
        });
        let seen = String::new();
        Self {
            child,
            keys,
            output,
            seen,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// What is printed from `begin` to the end of its line.
    fn line(&mut self, begin: &str) -> String {
        loop {
            if let Some((_, rest)) = self.seen.split_once(begin)
                && let Some((line, _)) = rest.split_once(['\r', '\n'])
            {
                return line.to_owned();
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(piece) => self.seen.push_str(&String::from_utf8_lossy(&piece)),
                Err(error) => panic!("{error}: no {begin:?} in {:?}", self.seen),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the line is after two TABs.
fn completed(shell: &Shell, program: &str, line: &str, path: &str) -> String {
    let directory = TempDir::new().unwrap();
    let mut terminal = Terminal::start(shell, directory.path(), path);
    let script = shell.script.replace("PROGRAM", program);
    // The quotes keep what is typed from looking like what is printed.
    terminal.press(&format!("{}\n{script}\necho REA''DY.\n", shell.setup));
    terminal.line("READY.");
    terminal.press(&format!("{line}\t\t\u{1}echo LI''NE: \n"));
    terminal.line("LINE: ").trim_end().to_owned()
}

#[test]
#[ignore = "needs a cluster: cargo cluster test"]
fn names_of_applications_are_no_commands_in_any_shell() {
    let bin = TempDir::new().unwrap();
    let path = lab_as_it_is().prepared.command("true");
    let path = path.get_envs().find(|(name, _)| *name == "PATH");
    let path = path.and_then(|(_, path)| path).unwrap().to_str().unwrap();
    let plugin = std::env::split_paths(path).map(|directory| directory.join("kubectl-ray"));
    let plugin = plugin.into_iter().find(|file| file.is_file()).unwrap();
    symlink(plugin, bin.path().join("kubectl_complete-ray")).unwrap();
    let path = format!("{}:{path}", bin.path().display());
    let hit = TempDir::new().unwrap();
    let control = hit.path().join("control");
    File::create(&control).unwrap();
    let only_hostile = hostile(hit.path());
    let with_plain = [&only_hostile[..], &[PLAIN.to_owned()]].concat();
    let cases = [
        (&only_hostile, "", ""),
        (&with_plain, "", PLAIN),
        (&with_plain, "fru", PLAIN),
        (&only_hostile, "fru", "fru"),
    ];
    // Few at a time: completion gives up after two seconds.
    thread::scope(|scope| {
        for shell in &SHELLS {
            scope.spawn(|| {
                for (program, begin) in [("kubectl", "kubectl ray"), ("kubectl-ray", "kubectl-ray")]
                {
                    for (names, word, inserted) in cases {
                        let line = format!("{begin} serve delete c --address {} ", head(names));
                        let got = completed(shell, program, &format!("{line}{word}"), &path);
                        let expected = format!("{line}{inserted}");
                        assert_eq!(got, expected.trim_end(), "{}", shell.start);
                    }
                }
            });
        }
    });
    let files = fs::read_dir(hit.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    assert_eq!(files.collect::<Vec<_>>(), [control], "a name ran");
}

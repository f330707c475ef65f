//! Who takes part: the Rust runtimes in this binary, and programs beside it.
//!
//! A program is found by name and takes part only if it is there:
//! `uv_rival` (built from `other/uv_rival.c`) next to this binary or by
//! BENCHES_LIBUV; Python by BENCHES_PYTHON or as `python3`, with uvloop only
//! where that Python can import it.
use crate::runtimes;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// asyncio and uvloop, handed to the interpreter as text.
const PYTHON: &str = include_str!("../other/py_rival.py");

/// One flavour of each library, for a look that must be quick.
const QUICK: &[&str] = &[
    "oneloop",
    "tokio_ct",
    "smol_static",
    "monoio_epoll",
    "compio_poll",
    "calloop",
    "glommio",
    "limit",
    "libuv",
];

pub struct Rival {
    pub name: &'static str,
    /// An interpreter: it gets fewer operations.
    pub script: bool,
    /// Its program and first arguments, or why there is none.
    program: Result<Vec<OsString>, String>,
}

impl Rival {
    pub fn is_there(&self) -> bool {
        self.program.is_ok()
    }

    pub fn is_quick(&self) -> bool {
        QUICK.contains(&self.name)
    }

    /// The command that runs `work` in a fresh process.
    pub fn command(&self, work: &str, ops: u64) -> Result<Command, String> {
        let words = self.program.as_ref()?;
        let mut c = Command::new(&words[0]);
        c.args(&words[1..]).arg(work).arg(ops.to_string());
        c.env("BLOCKING_MAX_THREADS", "4") // smol's pool
            .env("UV_THREADPOOL_SIZE", "4");
        Ok(c)
    }
}

/// Everyone, the compiled ones first.
pub fn all() -> Vec<Rival> {
    let this = std::env::current_exe();
    let rust = runtimes::ALL.iter().map(|&(name, _)| Rival {
        name,
        script: false,
        program: match &this {
            Ok(exe) => Ok(vec![exe.into(), "--child".into(), name.into()]),
            Err(e) => Err(e.to_string()),
        },
    });
    rust.chain([
        libuv(),
        python("uvloop", &["BENCHES_UVLOOP_PYTHON", "BENCHES_PYTHON"]),
        python("asyncio", &["BENCHES_PYTHON"]),
    ])
    .collect()
}

fn libuv() -> Rival {
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("uv_rival"));
    let path = std::env::var_os("BENCHES_LIBUV").map(PathBuf::from);
    let path = path.or_else(beside).filter(|p| p.exists());
    Rival {
        name: "libuv",
        script: false,
        program: match path {
            Some(p) => Ok(vec![p.into()]),
            None => Err("uv_rival is not built".into()),
        },
    }
}

fn python(name: &'static str, variables: &[&str]) -> Rival {
    let chosen = variables.iter().find_map(std::env::var_os);
    let python = chosen.unwrap_or_else(|| "python3".into());
    let found = Command::new(&python)
        .args(["-c", &format!("import {name}, asyncio; asyncio.timeout")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    let program = if found {
        Ok(vec![python, "-c".into(), PYTHON.into(), name.into()])
    } else {
        Err(format!("{} has no {name}", python.display()))
    };
    Rival { name, script: true, program }
}

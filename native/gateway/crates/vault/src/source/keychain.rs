//! Master keys from the operating system's keyring, through the tool that comes with it.
//!
//! Linux: `secret-tool lookup service convergio-gateway name master-keys` (libsecret, so GNOME Keyring
//! or KWallet). macOS: `security find-generic-password -s convergio-gateway -a master-keys -w`. The
//! tools are named by their full path, get no secret on the command line, and are given up after
//! [`PATIENCE`]: an unlock dialogue nobody answers must not hold the gateway for ever.
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{MasterKeySource, SourceError, parse};
use crate::master::MasterKeyring;

/// How long the tool may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

const LONGEST: u64 = 16 * 1024;

/// An entry in the keyring, and the tool that reads it.
#[derive(Clone, Debug)]
pub struct KeychainSource {
    program: PathBuf,
    arguments: Vec<String>,
    patience: Duration,
}

impl KeychainSource {
    /// The keyring of this system.
    pub fn system() -> Self {
        let (program, arguments): (_, &[&str]) = if cfg!(target_os = "macos") {
            let arguments =
                &["find-generic-password", "-s", "convergio-gateway", "-a", "master-keys", "-w"];
            ("/usr/bin/security", arguments)
        } else {
            let arguments = &["lookup", "service", "convergio-gateway", "name", "master-keys"];
            ("/usr/bin/secret-tool", arguments)
        };
        Self::with_tool(program, arguments.iter().map(|word| (*word).to_owned()), PATIENCE)
    }

    /// Another tool that prints the keys: for a password manager, or for tests.
    pub fn with_tool(
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = String>,
        patience: Duration,
    ) -> Self {
        let arguments = arguments.into_iter().collect();
        Self { program: program.as_ref().into(), arguments, patience }
    }

    fn unreadable(&self, reason: impl Into<String>) -> SourceError {
        SourceError::Unreadable { place: self.place(), reason: reason.into() }
    }

    fn wait(&self, tool: &mut Child) -> Result<bool, SourceError> {
        let started = Instant::now();
        loop {
            match tool.try_wait() {
                Ok(Some(status)) => return Ok(status.success()),
                Ok(None) if started.elapsed() < self.patience => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(None) => {
                    let ended = tool.kill().and_then(|()| tool.wait());
                    let rest = if ended.is_err() { " and could not be ended" } else { "" };
                    let reason = format!("it did not answer within {:?}{rest}", self.patience);
                    return Err(self.unreadable(reason));
                }
                Err(error) => return Err(self.unreadable(error.kind().to_string())),
            }
        }
    }
}

impl MasterKeySource for KeychainSource {
    fn place(&self) -> String {
        format!("keyring ({})", self.program.display())
    }

    fn load(&self) -> Result<MasterKeyring, SourceError> {
        let mut tool = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| self.unreadable(error.kind().to_string()))?;
        // What it prints fits the pipe's buffer, so it can end before it is read.
        let found = self.wait(&mut tool)?;
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST as usize));
        if let Some(output) = tool.stdout.take() {
            let read = output.take(LONGEST).read_to_end(&mut text);
            read.map_err(|error| self.unreadable(error.kind().to_string()))?;
        }
        if !found || text.iter().all(u8::is_ascii_whitespace) {
            let remedy = "store them there: see the README";
            return Err(SourceError::Missing { place: self.place(), remedy });
        }
        let text = crate::secret::secret(&text).map_err(|_| self.unreadable("it is not text"))?;
        parse(&self.place(), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(script: &str) -> KeychainSource {
        let arguments = ["-c".to_owned(), script.to_owned()];
        KeychainSource::with_tool("/bin/sh", arguments, Duration::from_millis(300))
    }

    #[test]
    fn what_the_tool_prints_are_the_keys() {
        let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let keys = tool(&format!("echo 4:{digits}")).load().expect("a key");
        assert_eq!(keys.versions().collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn nothing_found_no_tool_and_no_answer_are_told_apart() {
        for (source, said) in [
            (tool("exit 1"), "there are no master keys"),
            (tool("true"), "there are no master keys"),
            (tool("exec sleep 60"), "did not answer within 300ms"),
            (KeychainSource::with_tool("/no/such/tool", [], PATIENCE), "cannot be read"),
            (tool("echo nonsense"), "there is no colon"),
        ] {
            let refused = source.load().expect_err("refused").to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }
}

//! Master keys from a file that only its owner can read.
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{MasterKeySource, SourceError, fresh_line, parse};
use crate::master::{MasterKeyring, MasterKeys as _};

/// More than a thousand keys; a longer file is something else.
const LONGEST: u64 = 128 * 1024;

/// A file with master keys. It must belong to whoever runs the program, or to root, and nobody else
/// may read it; nobody else may replace it in its folder.
#[derive(Clone, Debug)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// The file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes the file with a first, random key. Never replaces one.
    ///
    /// # Errors
    /// `Exists`, `Unwritable`, `NoRandomness`.
    pub fn create(&self) -> Result<MasterKeyring, SourceError> {
        let line = fresh_line(1)?;
        let remedy = "add a version to it, or name another file; it is never replaced";
        self.write_new(&self.path, line.as_bytes(), remedy)?;
        self.load()
    }

    /// Adds a random key of the next version, which seals from the next load on. The keys before it
    /// stay: what they sealed opens until it is wrapped anew.
    ///
    /// # Errors
    /// As [`load`](MasterKeySource::load) and [`create`](Self::create); the file is then as it was.
    pub fn add_version(&self) -> Result<MasterKeyring, SourceError> {
        let text = self.text()?;
        let version = parse(&self.place(), &text)?.primary().saturating_add(1);
        let text = text.expose_secret();
        let line = fresh_line(version)?;
        let mut all = Zeroizing::new(Vec::with_capacity(text.len() + line.len() + 1));
        all.extend_from_slice(text.as_bytes());
        if !text.ends_with('\n') {
            all.push(b'\n');
        }
        all.extend_from_slice(line.as_bytes());
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let next = PathBuf::from(name);
        let remedy = "another change of the master keys is under way, or was cut short: \
                      then remove this file and repeat";
        self.write_new(&next, &all, remedy)?;
        fs::rename(&next, &self.path).map_err(|error| SourceError::Unwritable {
            path: self.path.clone(),
            reason: error.kind().to_string(),
        })?;
        self.load()
    }

    /// The permissions of the file, as they are; `None` when it is not there.
    pub fn mode(&self) -> Option<u32> {
        fs::metadata(&self.path).ok().map(|found| found.mode() & 0o7777)
    }

    fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        remedy: &'static str,
    ) -> Result<(), SourceError> {
        let write = || {
            let mut create = OpenOptions::new();
            let mut file = create.write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            File::open(folder(path))?.sync_all()
        };
        write().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => SourceError::Exists { path: path.into(), remedy },
            kind => SourceError::Unwritable { path: path.into(), reason: kind.to_string() },
        })
    }

    fn unreadable(&self, error: &std::io::Error) -> SourceError {
        if error.kind() == ErrorKind::NotFound {
            let remedy =
                "make it, readable by its owner alone: 1: and the output of openssl rand -hex 32";
            return SourceError::Missing { place: self.place(), remedy };
        }
        SourceError::Unreadable { place: self.place(), reason: error.kind().to_string() }
    }

    /// The file's text, after looking at what was opened, not at what the name pointed to before.
    fn text(&self) -> Result<SecretString, SourceError> {
        let said = |error| self.unreadable(&error);
        let file = File::open(&self.path).map_err(said)?;
        let found = file.metadata().map_err(said)?;
        self.check(&found, &fs::metadata(folder(&self.path)).map_err(said)?)?;
        let size = usize::try_from(found.len().min(LONGEST)).unwrap_or(0);
        let mut text = Zeroizing::new(Vec::with_capacity(size));
        (&file).take(size as u64).read_to_end(&mut text).map_err(said)?;
        crate::secret::secret(&text).map_err(|_| SourceError::Malformed {
            place: self.place(),
            entry: 1,
            what: "the file is not text",
        })
    }

    fn check(&self, file: &fs::Metadata, folder: &fs::Metadata) -> Result<(), SourceError> {
        let exposed = |path: &Path, what: String, remedy: String| {
            Err(SourceError::Exposed { path: path.into(), what, remedy })
        };
        let (path, name) = (&self.path, self.path.display());
        let me = rustix::process::geteuid().as_raw();
        let mode = file.mode() & 0o7777;
        if !file.is_file() {
            return exposed(path, "is not a file".into(), "name a file".into());
        }
        if file.len() > LONGEST {
            return exposed(path, "is too long for master keys".into(), "name another file".into());
        }
        if file.uid() != me && file.uid() != 0 {
            let what = format!("belongs to user {}, this is user {me}", file.uid());
            return exposed(path, what, format!("chown {me} {name}"));
        }
        if mode & 0o077 != 0 {
            let what = format!("has mode {mode:04o}: others than its owner have a hand in it");
            return exposed(path, what, format!("chmod 600 {name}"));
        }
        let above = folder_of(path);
        let sticky = folder.mode() & 0o1000 != 0;
        if folder.mode() & 0o022 != 0 && !sticky {
            let what =
                format!("has mode {:04o}: others could replace the keys", folder.mode() & 0o7777);
            return exposed(&above, what, format!("chmod go-w {}", above.display()));
        }
        Ok(())
    }
}

fn folder_of(path: &Path) -> PathBuf {
    folder(path).to_path_buf()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl MasterKeySource for FileSource {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn load(&self) -> Result<MasterKeyring, SourceError> {
        parse(&self.place(), &self.text()?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    #[test]
    fn a_file_is_made_for_its_owner_alone_and_never_replaced() {
        let folder = folder();
        let source = FileSource::new(folder.path().join("master.keys"));
        assert_eq!(source.create().expect("made").versions().collect::<Vec<_>>(), [1]);
        let before = fs::read(&source.path).expect("its text");
        assert_eq!(fs::metadata(&source.path).expect("there").mode() & 0o777, 0o600);
        let said = source.create().expect_err("it is there").to_string();
        assert!(said.contains("is there already") && said.contains("never replaced"), "{said}");
        assert_eq!(fs::read(&source.path).expect("its text"), before);
    }

    #[test]
    fn a_version_is_added_and_those_before_stay() {
        let folder = folder();
        let source = FileSource::new(folder.path().join("master.keys"));
        source.create().expect("made");
        let before = fs::read_to_string(&source.path).expect("its text");
        let keys = source.add_version().expect("added");
        assert_eq!((keys.versions().collect::<Vec<_>>(), keys.primary()), (vec![1, 2], 2));
        assert!(fs::read_to_string(&source.path).expect("its text").starts_with(&before));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn two_changes_at_once_do_not_get_in_each_others_way() {
        let folder = folder();
        let source = FileSource::new(folder.path().join("master.keys"));
        source.create().expect("made");
        fs::write(folder.path().join("master.keys.new"), "half a line").expect("left behind");
        let said = source.add_version().expect_err("refused").to_string();
        assert!(said.contains("master.keys.new") && said.contains("remove this file"), "{said}");
        assert_eq!(source.load().expect("as it was").versions().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_others_could_read_or_replace_is_refused_with_the_command_that_helps() {
        let folder = folder();
        let source = FileSource::new(folder.path().join("master.keys"));
        source.create().expect("made");
        for bad in [0o640, 0o604, 0o620, 0o666, 0o601] {
            mode(&source.path, bad);
            let said = source.load().expect_err("refused").to_string();
            assert!(
                said.contains(&format!("mode {bad:04o}")) && said.contains("chmod 600"),
                "{said}"
            );
        }
        for good in [0o600, 0o400] {
            mode(&source.path, good);
            source.load().expect("fine");
        }
        mode(folder.path(), 0o777);
        let said = source.load().expect_err("refused").to_string();
        assert!(
            said.contains("others could replace the keys") && said.contains("chmod go-w"),
            "{said}"
        );
        mode(folder.path(), 0o1777);
        source.load().expect("a sticky folder, like /tmp");
    }

    #[test]
    fn another_owner_is_refused() {
        let folder = folder();
        let source = FileSource::new(folder.path().join("master.keys"));
        source.create().expect("made");
        let Ok(()) = std::os::unix::fs::chown(&source.path, Some(4711), None) else {
            // Only root may give a file away; for others the file of another user is unreadable.
            return;
        };
        let said = source.load().expect_err("refused").to_string();
        assert!(said.contains("belongs to user 4711") && said.contains("chown"), "{said}");
    }

    #[test]
    fn missing_folders_and_other_things_are_told_apart() {
        let folder = folder();
        let missing = FileSource::new(folder.path().join("none")).load().expect_err("missing");
        assert!(matches!(missing, SourceError::Missing { .. }), "{missing}");
        let directory = FileSource::new(folder.path()).load().expect_err("a folder");
        assert!(matches!(directory, SourceError::Exposed { .. }), "{directory}");
        let path = folder.path().join("bytes");
        fs::write(&path, [0xff, 0xfe]).expect("written");
        mode(&path, 0o600);
        let bytes = FileSource::new(&path).load().expect_err("no text").to_string();
        assert!(bytes.contains("not text"), "{bytes}");
    }
}

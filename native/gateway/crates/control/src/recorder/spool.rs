//! Records on their way into the database: appended to a file before anybody waits for the database.
//!
//! One write call puts a record where a crash of the process cannot reach it; the database takes what
//! has gathered a moment later, many at once, and the file is emptied. What a crash leaves here goes
//! into the database at the next start.
//!
//! A spool is two files that take turns, `<n>.a` and `<n>.b`: while the records of one go into the
//! database, new ones go to the other. Processes on the same folder have different `n`, each locked
//! by its process, so that nobody takes over what is not left behind.
//!
//! An entry is its length (4 bytes, little-endian), its tag and its bytes. The tag is HMAC-SHA256,
//! under the installation's key, over the tag before it and the bytes: entries changed, put in another
//! order or made up by somebody who can write to the folder are not believed.
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::hmac;
use secrecy::{ExposeSecret as _, SecretBox};

/// What the key is derived for.
pub(crate) const PURPOSE: &str = "spool of query records";

/// More processes than this do not share a folder.
const MOST: u32 = 64;

const LENGTH: usize = 4;
const TAG: usize = 32;

/// Longer entries there are none: what claims to be longer is damage.
const LONGEST: usize = 1 << 24;

/// The files that this process appends to.
#[derive(Debug)]
pub(crate) struct Spool {
    key: hmac::Key,
    files: [Appending; 2],
    active: usize,
}

/// What was left behind by a process that ended without emptying its files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// The entries, each file's in their order.
    pub(crate) entries: Vec<Vec<u8>>,
    /// Files whose end could not be read: the entry that was being written, or damage.
    pub(crate) torn: Vec<PathBuf>,
}

#[derive(Debug)]
struct Appending {
    file: File,
    length: u64,
    last: [u8; TAG],
}

impl Spool {
    /// Opens the first free spool of a folder, which is made when missing, and reads what ended
    /// processes have left in this one and all others: [`Leftover::emptied`] has the spool.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn open(folder: &Path, key: &SecretBox<[u8; 32]>) -> io::Result<Leftover> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret());
        let (mut own, mut others, mut left) = (None, Vec::new(), Left::default());
        for number in 0..MOST {
            let path = |end: &str| folder.join(format!("{number}.{end}"));
            if own.is_some() && !path("a").exists() {
                continue;
            }
            let Some(first) = locked(&path("a"))? else { continue };
            let mut files = [first, opened(&path("b"))?];
            left.read(&key, &mut files[0], path("a"))?;
            left.read(&key, &mut files[1], path("b"))?;
            match own {
                None => own = Some(files),
                // Kept, and so locked, until they are emptied.
                Some(_) => others.extend(files),
            }
        }
        let files = own.ok_or_else(|| {
            let folder = folder.display();
            io::Error::other(format!("{MOST} processes use {folder} already; stop one of them"))
        })?;
        let files = files.map(|file| Appending { file, length: 0, last: [0; TAG] });
        Ok(Leftover { left, own: Self { key, files, active: 0 }, others })
    }

    /// Appends an entry. When it fails, nothing of it is there.
    ///
    /// # Errors
    /// What the file system says: the disk is full, for one.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let too_long = || io::Error::other("a record is too long");
        let length = u32::try_from(bytes.len()).map_err(|_| too_long())?;
        if bytes.len() > LONGEST {
            return Err(too_long());
        }
        let active = &mut self.files[self.active];
        let tag = tag(&self.key, &active.last, bytes);
        let mut entry = Vec::with_capacity(LENGTH + TAG + bytes.len());
        entry.extend_from_slice(&length.to_le_bytes());
        entry.extend_from_slice(&tag);
        entry.extend_from_slice(bytes);
        if let Err(error) = active.file.write_all(&entry) {
            active.cut(active.length)?;
            return Err(error);
        }
        active.length += entry.len() as u64;
        active.last = tag;
        Ok(())
    }

    /// New entries go to the other file from now on, which must have been emptied. Tells which file
    /// has those before.
    pub(crate) fn turn(&mut self) -> usize {
        let before = self.active;
        self.active = 1 - before;
        before
    }

    /// Empties a file whose entries are in the database.
    ///
    /// # Errors
    /// What the file system says; then its entries come again, which does no harm.
    pub(crate) fn empty(&mut self, file: usize) -> io::Result<()> {
        let file = &mut self.files[file];
        file.cut(0)?;
        file.last = [0; TAG];
        Ok(())
    }
}

impl Appending {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        self.length = length;
        Ok(())
    }
}

/// What ended processes left behind, and the files it is in.
#[derive(Debug)]
pub(crate) struct Leftover {
    pub(crate) left: Left,
    own: Spool,
    others: Vec<File>,
}

impl Leftover {
    /// Empties the files, now that the database has what they held, and gives the one to append to.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn emptied(mut self) -> io::Result<Spool> {
        self.own.empty(0)?;
        self.own.empty(1)?;
        self.others.iter().try_for_each(|file| file.set_len(0))?;
        Ok(self.own)
    }
}

impl Left {
    fn read(&mut self, key: &hmac::Key, file: &mut File, path: PathBuf) -> io::Result<()> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (mut rest, mut last) = (&bytes[..], [0; TAG]);
        while let Some((entry, tagged, behind)) = first(key, &last, rest) {
            self.entries.push(entry.to_vec());
            (last, rest) = (tagged, behind);
        }
        if !rest.is_empty() {
            self.torn.push(path);
        }
        Ok(())
    }
}

/// The first entry of `bytes`, its tag and what is behind; `None` where nothing whole and genuine is.
fn first<'b>(
    key: &hmac::Key,
    last: &[u8; TAG],
    bytes: &'b [u8],
) -> Option<(&'b [u8], [u8; TAG], &'b [u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let (given, rest) = rest.split_first_chunk::<TAG>()?;
    let (entry, rest) =
        rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    hmac::verify(key, &[last, entry].concat(), given).ok()?;
    Some((entry, *given, rest))
}

fn tag(key: &hmac::Key, last: &[u8; TAG], bytes: &[u8]) -> [u8; TAG] {
    let mut context = hmac::Context::with_key(key);
    context.update(last);
    context.update(bytes);
    let mut tag = [0; TAG];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

fn opened(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Never through a link: what is in this folder was made here.
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow);
    options.open(path)
}

/// The file, locked for this process; `None` when another one has it.
fn locked(path: &Path) -> io::Result<Option<File>> {
    let file = opened(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn key(mark: u8) -> SecretBox<[u8; 32]> {
        SecretBox::new(Box::new([mark; 32]))
    }

    fn folder() -> TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn open(folder: &TempDir) -> Leftover {
        Spool::open(folder.path(), &key(7)).expect("opened")
    }

    fn emptied(folder: &TempDir) -> Spool {
        open(folder).emptied().expect("emptied")
    }

    fn read(folder: &TempDir) -> Left {
        open(folder).left
    }

    #[test]
    fn what_a_crash_leaves_is_read_until_it_is_emptied() {
        let folder = folder();
        let mut spool = emptied(&folder);
        spool.append(b"one").expect("appended");
        assert_eq!(spool.turn(), 0);
        spool.append(b"two").expect("appended");
        drop(spool);
        for _ in 0..2 {
            assert_eq!(read(&folder).entries, [b"one", b"two"]);
        }
        drop(emptied(&folder));
        assert_eq!(read(&folder), Left::default());
    }

    #[test]
    fn an_emptied_file_is_used_again() {
        let folder = folder();
        let mut spool = emptied(&folder);
        for round in 0..4_u8 {
            spool.append(&[round; 9]).expect("appended");
            let before = spool.turn();
            spool.empty(before).expect("emptied");
        }
        spool.append(b"last").expect("appended");
        drop(spool);
        assert_eq!(read(&folder), Left { entries: vec![b"last".to_vec()], torn: Vec::new() });
    }

    #[test]
    fn a_running_process_keeps_its_own_and_what_ended_ones_left_is_taken_over() {
        let folder = folder();
        let (mut one, mut other) = (emptied(&folder), emptied(&folder));
        one.append(b"first").expect("appended");
        other.append(b"second").expect("appended");
        drop(other);
        assert_eq!(read(&folder).entries, [b"second"], "the first one still runs");
        drop(one);
        let leftover = open(&folder);
        assert_eq!(leftover.left.entries, [&b"first"[..], b"second"]);
        assert_eq!(read(&folder), Left::default(), "somebody is at it already");
        drop(leftover.emptied().expect("emptied"));
        assert_eq!(read(&folder), Left::default());
    }

    #[test]
    fn nothing_is_readable_by_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder();
        let inner = folder.path().join("spool");
        let _spool = Spool::open(&inner, &key(7)).expect("opened");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&inner.join("0.a"))), (0o700, 0o600));
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = folder();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, folder.path().join("0.a")).expect("a link");
        assert!(Spool::open(folder.path(), &key(7)).is_err());
        assert!(!elsewhere.exists());
    }

    #[test]
    fn another_installations_entries_are_not_believed() {
        let folder = folder();
        let theirs = Spool::open(folder.path(), &key(8)).expect("opened");
        let mut spool = theirs.emptied().expect("emptied");
        spool.append(b"made up").expect("appended");
        drop(spool);
        let left = read(&folder);
        assert_eq!((left.entries.len(), left.torn.len()), (0, 1));
    }

    #[test]
    fn entries_in_another_order_are_not_believed() {
        let folder = folder();
        let mut spool = emptied(&folder);
        spool.append(b"one").expect("appended");
        spool.append(b"two").expect("appended");
        drop(spool);
        let path = folder.path().join("0.a");
        let mut bytes = fs::read(&path).expect("read");
        bytes.rotate_left(LENGTH + TAG + 3);
        fs::write(&path, bytes).expect("written");
        let left = read(&folder);
        assert_eq!((left.entries.len(), left.torn.len()), (0, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// However a file is cut or a byte of it changed, what is read is a beginning of what was
        /// written, and the rest is told of.
        #[test]
        fn what_is_read_is_what_was_written(
            entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            damage in prop::option::of((any::<prop::sample::Index>(), 1_u8..)),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let folder = folder();
            let mut spool = emptied(&folder);
            for entry in &entries {
                spool.append(entry).expect("appended");
            }
            drop(spool);
            let path = folder.path().join("0.a");
            let mut bytes = fs::read(&path).expect("read");
            let mut whole = true;
            if let Some((at, mask)) = damage.filter(|_| !bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
                whole = false;
            }
            if let Some(cut) = cut.filter(|_| !bytes.is_empty()) {
                bytes.truncate(cut.index(bytes.len()));
                whole = false;
            }
            fs::write(&path, &bytes).expect("written");
            let left = read(&folder);
            prop_assert!(entries.starts_with(&left.entries));
            if whole {
                prop_assert_eq!(left, Left { entries, torn: Vec::new() });
            }
        }
    }
}

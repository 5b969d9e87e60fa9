//! Where the files of the web UI are. Pure: what is on the disk is asked of the caller.
use std::convert::Infallible;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

/// What was said of the web UI. Empty counts as nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Choice {
    /// Nothing: it is where it usually is.
    #[default]
    Usual,
    /// There shall be none.
    Off,
    /// It is in this folder.
    Folder(PathBuf),
}

impl From<String> for Choice {
    fn from(text: String) -> Self {
        match text.as_str() {
            "" => Self::Usual,
            "off" => Self::Off,
            _ => Self::Folder(text.into()),
        }
    }
}

impl FromStr for Choice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.to_owned().into())
    }
}

/// Where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nowhere, on purpose.
    Off,
    /// In none of these folders.
    Missing(Vec<PathBuf>),
    /// Here.
    Folder(PathBuf),
}

/// Finds the folder: the one that was named, else the first usual one that `has_ui`.
///
/// # Errors
/// The folder that was named has no web UI: that is a mistake, and not to be passed over.
pub(super) fn find(
    choice: &Choice,
    executable: Option<&Path>,
    has_ui: impl Fn(&Path) -> bool,
) -> Result<Found, String> {
    match choice {
        Choice::Off => Ok(Found::Off),
        Choice::Folder(folder) if has_ui(folder) => Ok(Found::Folder(folder.clone())),
        Choice::Folder(folder) => Err(format!(
            "--webui {}: no web UI is there (index.html and 404.html, as `npm run build` in \
             native/webui makes them); name the folder of a build, or say --webui off",
            folder.display()
        )),
        Choice::Usual => {
            let usual = executable.map(usual).unwrap_or_default();
            let found = usual.iter().find(|folder| has_ui(folder)).cloned();
            Ok(found.map_or(Found::Missing(usual), Found::Folder))
        }
    }
}

/// Beside an installed gateway; and, where the gateway runs from its source tree, where it is built.
fn usual(executable: &Path) -> Vec<PathBuf> {
    let installed =
        executable.ancestors().nth(2).map(|prefix| prefix.join("share/convergio/webui"));
    let target =
        executable.ancestors().find(|folder| folder.file_name() == Some(OsStr::new("target")));
    let built = target.and_then(|target| target.ancestors().nth(2));
    let built = built.map(|native| native.join("webui/build"));
    installed.into_iter().chain(built).collect()
}

/// One line for whoever started a gateway without its web UI.
pub(super) fn how_to_get(looked: &[PathBuf]) -> String {
    let folders: Vec<_> = looked.iter().map(|folder| folder.display().to_string()).collect();
    let source = looked.iter().find(|folder| folder.ends_with("webui/build"));
    let remedy = match source.and_then(|build| build.parent()) {
        Some(webui) => format!("build it with `cd {} && npm ci && npm run build`", webui.display()),
        None => "name the folder of a build with --webui".to_owned(),
    };
    format!("no web UI in {}: {remedy}, or say --webui off", folders.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "/usr/local/share/convergio/webui";
    const BUILT: &str = "/src/native/webui/build";

    fn find_usual(executable: &str, there: &[&str]) -> Found {
        let has_ui = |folder: &Path| there.iter().any(|path| Path::new(path) == folder);
        find(&Choice::Usual, Some(Path::new(executable)), has_ui).unwrap()
    }

    #[test]
    fn an_installed_gateway_finds_it_beside_itself() {
        let found = find_usual("/usr/local/bin/convergio-gateway", &[INSTALLED]);
        assert_eq!(found, Found::Folder(INSTALLED.into()));
    }

    #[test]
    fn in_the_source_tree_it_is_where_it_is_built_whatever_the_target() {
        for folder in ["release", "debug", "x86_64-unknown-linux-musl/release"] {
            let executable = format!("/src/native/gateway/target/{folder}/convergio-gateway");
            assert_eq!(find_usual(&executable, &[BUILT]), Found::Folder(BUILT.into()));
        }
    }

    #[test]
    fn where_it_is_not_the_line_says_how_to_get_it() {
        let Found::Missing(looked) = find_usual("/src/native/gateway/target/debug/g", &[]) else {
            panic!("found what is not there")
        };
        let line = how_to_get(&looked);
        assert!(line.contains("`cd /src/native/webui && npm ci && npm run build`"), "{line}");
        assert!(!line.contains('\n'));
        let Found::Missing(looked) = find_usual("/opt/bin/g", &[BUILT]) else {
            panic!("found what is elsewhere")
        };
        let line = how_to_get(&looked);
        assert!(line.contains("/opt/share/convergio/webui") && line.contains("--webui"), "{line}");
    }

    #[test]
    fn a_folder_that_was_named_is_taken_or_refused() {
        let named: Choice = "/my/build".to_owned().into();
        let found = find(&named, None, |folder| folder == Path::new("/my/build")).unwrap();
        assert_eq!(found, Found::Folder("/my/build".into()));
        let problem = find(&named, None, |_| false).unwrap_err();
        assert!(problem.contains("/my/build") && problem.contains("--webui off"), "{problem}");
        assert_eq!(find(&"off".parse().unwrap(), None, |_| true), Ok(Found::Off));
        assert_eq!(Choice::from(String::new()), Choice::Usual);
    }
}

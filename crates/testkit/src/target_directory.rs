//! Finds the build's target directory, which is thrown away with the build.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the target directory the running test was built into.
pub(crate) fn find() -> PathBuf {
    let executable = env::current_exe().ok();
    let configured = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    executable.as_deref().and_then(above).or(configured).unwrap_or_else(default)
}

/// Returns the nearest directory above `path` that Cargo marks as a target directory.
fn above(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|it| it.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_was_built_into_it() {
        let executable = env::current_exe().unwrap().canonicalize().unwrap();
        assert!(executable.starts_with(find().canonicalize().unwrap()));
    }
}

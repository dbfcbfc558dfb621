//! Claims a directory in a place where everybody may write.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, lchown};
use std::path::Path;

use crate::error::{FileError, StartError};
use crate::server_user::effective_user_id;

/// Who owns a private directory, and who may do what there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Privacy {
    pub(crate) user_id: u32,
    pub(crate) group_id: u32,
    pub(crate) mode: u32,
}

/// Makes `path`, or takes it over when it is already ours.
///
/// Anybody can make such a directory first, and would then see what is put there: one that
/// belongs to somebody else, or is a link, is refused.
pub(crate) fn claim(path: &Path, privacy: Privacy) -> Result<(), StartError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            refuse_foreign(path, privacy)?;
        }
        Err(error) => return Err(FileError::of("make", path)(error).into()),
    }
    apply(path, privacy).map_err(FileError::of("make private", path))?;
    Ok(())
}

fn refuse_foreign(path: &Path, privacy: Privacy) -> Result<(), StartError> {
    let metadata = fs::symlink_metadata(path).map_err(FileError::of("look at", path))?;
    // One of ours that was not handed over yet: an earlier claim was interrupted.
    let is_ours = [privacy.user_id, effective_user_id()].contains(&metadata.uid());
    if metadata.is_dir() && is_ours {
        return Ok(());
    }
    let (owner, expected) = (metadata.uid(), privacy.user_id);
    Err(StartError::ForeignDirectory { path: path.to_owned(), owner, expected })
}

fn apply(path: &Path, privacy: Privacy) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if (metadata.uid(), metadata.gid()) != (privacy.user_id, privacy.group_id) {
        lchown(path, Some(privacy.user_id), Some(privacy.group_id))?;
    }
    if metadata.mode() & 0o7777 != privacy.mode {
        fs::set_permissions(path, Permissions::from_mode(privacy.mode))?;
    }
    Ok(())
}

/// Gives the directory's group to the server, so that it may pass through and nobody else may.
pub(crate) fn open_to_group(path: &Path, group_id: u32) -> io::Result<()> {
    chown(path, None, Some(group_id))?;
    fs::set_permissions(path, Permissions::from_mode(0o710))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Privacy {
        let group_id = rustix::process::getegid().as_raw();
        Privacy { user_id: effective_user_id(), group_id, mode: 0o700 }
    }

    #[test]
    fn a_directory_left_open_is_closed() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("open");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();

        claim(&path, own()).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_link_and_a_file_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            let error = claim(&path, own()).unwrap_err();
            assert!(matches!(error, StartError::ForeignDirectory { .. }), "{error}");
        }
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        if effective_user_id() != 0 {
            return; // only root can give a directory away
        }
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("foreign");
        fs::create_dir(&path).unwrap();
        lchown(&path, Some(12_345), None).unwrap();
        let error = claim(&path, own()).unwrap_err();
        assert!(error.to_string().contains("12345"), "{error}");
    }
}

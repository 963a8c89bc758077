//! The root key's file: readable by its owner alone.

use super::{ROOT_KEY_TEXT_MAX, RootKeyError, RootKeys};
use crate::entropy::SystemEntropy;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

const FILE_MODE: u32 = 0o600;
const MODE_OF_OTHERS: u32 = 0o077;
/// How systemd shows a credential that it opens to a service by an access control list: the group's bits are the list's
/// mask, and the group itself is root's.
const CREDENTIAL_MODE: u32 = 0o440;
const ROOT: u32 = 0;
const COMMENT: &str = "# The root key of minbil-auth: `<id> <base64url of 32 bytes>`, the first line is current.\n\
                       # Keep a copy apart from the database's backups. Without it no session, password or mailed\n\
                       # link of the database works, and whoever has both can forge them.\n";

impl RootKeys {
    /// Reads the root keys' file.
    ///
    /// # Errors
    /// When it cannot be read, anybody but its owner can reach it, or it does not hold root keys.
    pub fn load(path: &Path) -> Result<Self, RootKeyError> {
        let failed = |source| RootKeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        // The open file is asked, not the path, so that nobody can swap it in between.
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(RootKeyError::NotAFile { path: path.to_owned() });
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if is_exposed(mode, metadata.uid(), metadata.gid()) {
            return Err(RootKeyError::Exposed { path: path.to_owned(), mode });
        }
        // Room for one byte too many, so that a longer file is refused and never cut. The buffer does not
        // grow, so no copy of the text is left behind.
        let mut text = Zeroizing::new(String::with_capacity(ROOT_KEY_TEXT_MAX + 64));
        let room = (ROOT_KEY_TEXT_MAX + 1) as u64;
        file.take(room).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text)
    }

    /// Makes one new random key and writes its file: mode 0600, on disk before this returns. A file that is
    /// already there is never touched.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, RootKeyError> {
        let failed = |source| RootKeyError::Io { path: path.to_owned(), source };
        let text = Self::new_text(&SystemEntropy);
        let keys = Self::parse(&text)?;
        let file =
            OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path).map_err(failed)?;
        if let Err(error) = write_durably(file, path, &text) {
            // Nothing was made under this key yet, and half a key in its place would stop the next start.
            let _ = fs::remove_file(path);
            return Err(failed(error));
        }
        Ok(keys)
    }
}

/// Whether anybody but the file's owner, or root, can reach it.
const fn is_exposed(mode: u32, owner: u32, group: u32) -> bool {
    let is_credential = mode == CREDENTIAL_MODE && owner == ROOT && group == ROOT;
    mode & MODE_OF_OTHERS != 0 && !is_credential
}

fn write_durably(mut file: File, path: &Path, text: &str) -> io::Result<()> {
    file.write_all(COMMENT.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The file's name is on disk only when its directory is.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_of_the_service_manager_is_not_exposed_and_the_same_mode_elsewhere_is() {
        assert!(!is_exposed(0o440, 0, 0) && !is_exposed(0o400, 1000, 1000) && !is_exposed(0o600, 0, 0));
        for (mode, owner, group) in
            [(0o440, 0, 1000), (0o440, 1000, 0), (0o640, 0, 0), (0o444, 0, 0), (0o460, 0, 0), (0o4440, 0, 0)]
        {
            assert!(is_exposed(mode, owner, group), "{mode:o} {owner} {group}");
        }
    }
}

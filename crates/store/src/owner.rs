//! Owner: whose a store's files are. Root may restore and import; the service has to be able to open what that made.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// Gives the file `new` to the owner of `model`, a folder or another file, whose rights it gets as well. Who is not root has made
/// it as himself, which stays so.
pub(crate) fn like(new: &Path, model: &Path) {
    let (Ok(is), Ok(should)) = (fs::metadata(new), fs::metadata(model)) else { return };
    if (is.uid(), is.gid()) != (should.uid(), should.gid()) {
        let _ = chown(new, Some(should.uid()), Some(should.gid()));
    }
    if should.is_file() {
        let _ = fs::set_permissions(new, should.permissions());
    }
}

//! What a container is made of: one archive with the program, the libraries it loads, the certificate authorities and a
//! user, and the file that says how to run it. Where we may, the archive is unpacked and the server started in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::program::{Program, mebibytes};
use super::{Dist, owners, started, write};
use crate::machine;
use crate::process::Run;

/// The user of the container; a number that no distribution gives to anybody.
const USER: &str = "65532";
const DATA: &str = "var/lib/minbil-auth";
/// What mail servers and databases are checked against.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Lines of the Containerfile without which the promises of docs/operating.md do not hold.
const REQUIRED: [&str; 7] = [
    "FROM scratch",
    "ADD rootfs.tar /",
    "USER 65532:65532",
    "VOLUME /var/lib/minbil-auth",
    "ENTRYPOINT [\"/usr/bin/minbil-auth\"]",
    "STOPSIGNAL SIGTERM",
    "HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD [\"/usr/bin/minbil-auth\", \"ready\"]",
];

/// Makes the folder that `docker build` takes.
pub(super) fn make(dist: &Dist, program: &Program) -> Result<String> {
    let text = dist.template("container/Containerfile")?;
    let faults = faults(&text);
    if !faults.is_empty() {
        bail!("packaging/container/Containerfile: {}", faults.join("; "));
    }
    let tree = dist.workspace.target.join("dist-work/rootfs");
    fill(program, &tree)?;
    let folder = dist.place("container");
    write(&folder.join("Containerfile"), text, 0o644)?;
    write(&folder.join(".dockerignore"), dist.template("container/.dockerignore")?, 0o644)?;
    let archive = folder.join("rootfs.tar");
    pack(dist, &tree, &archive)?;
    let mut besides = owners(&program.libraries)?;
    besides.extend(owners(&[PathBuf::from("/usr/sbin/update-ca-certificates")])?);
    dist.write_bill("container", &besides)?;
    let proof = if machine::is_root() {
        start(dist, &archive)?;
        "answers as a user without rights"
    } else {
        "not started, because only root may change the root folder"
    };
    Ok(format!("container {}, {proof}", mebibytes(&archive)?))
}

fn fill(program: &Program, tree: &Path) -> Result<()> {
    write(&tree.join("usr/bin/minbil-auth"), std::fs::read(&program.path)?, 0o755)?;
    for library in &program.libraries {
        let inside = library.strip_prefix("/").context("a library without an absolute path")?;
        // The loader is looked for under the very path that the program names, so links become files here.
        write(&tree.join(inside), std::fs::read(library)?, 0o755)?;
    }
    let authorities = std::fs::read(AUTHORITIES).with_context(|| format!("cannot read {AUTHORITIES}"))?;
    write(&tree.join("etc/ssl/certs/ca-certificates.crt"), authorities, 0o644)?;
    write(&tree.join("etc/passwd"), passwd(), 0o644)?;
    write(&tree.join("etc/group"), format!("root:x:0:\nminbil-auth:x:{USER}:\n"), 0o644)?;
    write(&tree.join("etc/nsswitch.conf"), "hosts: files dns\n", 0o644)?;
    let data = tree.join(DATA);
    std::fs::create_dir_all(&data)?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700))?;
    Ok(())
}

fn passwd() -> String {
    format!("root:x:0:0::/:/nonexistent\nminbil-auth:x:{USER}:{USER}::/{DATA}:/nonexistent\n")
}

/// Everything belongs to root but the one folder that the server writes to.
fn pack(dist: &Dist, tree: &Path, archive: &Path) -> Result<()> {
    let tar = |owner: &str| {
        Run::new("tar")
            .folder(tree)
            .args(["--sort=name", "--format=ustar", "--numeric-owner"])
            .arg(format!("--mtime=@{}", dist.epoch))
            .args([format!("--owner={owner}"), format!("--group={owner}")])
    };
    tar("0").arg(format!("--exclude=./{DATA}")).arg("--create").arg("--file").arg(archive).arg(".").run()?;
    tar(USER).arg("--append").arg("--file").arg(archive).arg(format!("./{DATA}")).run()
}

/// The server in its own root folder, as its own user: nothing is missing in the archive.
fn start(dist: &Dist, archive: &Path) -> Result<()> {
    let root = dist.workspace.target.join("dist-work/image");
    std::fs::create_dir_all(&root)?;
    Run::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(&root).run()?;
    let key = Run::new(dist.place(super::NAME)).args(["key", "new-root"]).output()?;
    let user = format!("--userspec={USER}:{USER}");
    let inside = root.display().to_string();
    // The server's environment has no PATH that would lead there.
    let chroot = machine::find("chroot").context("`chroot` is not on the PATH")?.display().to_string();
    let words = [chroot.as_str(), &user, &inside, "/usr/bin/minbil-auth"];
    started::answers(&words, &format!("/{DATA}"), None, key.trim())
}

fn faults(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = REQUIRED
        .iter()
        .filter(|required| !text.lines().any(|line| line == **required))
        .map(|required| format!("`{required}` is missing"))
        .collect();
    // A secret in a layer stays there for ever.
    let is_setting =
        |line: &&str| !line.starts_with('#') && ["ROOT_KEY", "SMTP_URL"].iter().any(|key| line.contains(key));
    faults.extend(text.lines().filter(is_setting).map(|line| format!("`{line}` belongs to who runs it")));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_container_file_keeps_its_promises_and_a_broken_one_is_found() {
        let path = Workspace::load().unwrap().root.join("packaging/container/Containerfile");
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(faults(&text), Vec::<String>::new());
        for required in REQUIRED {
            assert_eq!(faults(&text.replace(required, "")).len(), 1, "{required}");
        }
        assert_eq!(faults(&(text + "ENV MINBIL_AUTH_ROOT_KEY=1\n")).len(), 1);
    }

    #[test]
    fn the_user_of_the_container_is_the_one_of_its_files() {
        assert!(passwd().contains("\nminbil-auth:x:65532:65532:"));
        assert!(REQUIRED.contains(&format!("USER {USER}:{USER}").as_str()));
    }
}

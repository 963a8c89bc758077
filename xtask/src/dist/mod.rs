//! `cargo xtask dist`: the program, a Debian package and the contents of a container, each with a bill of materials, in
//! `<target>/dist`, and the checks without which none of it is called done.
//!
//! Everything but the compilation is reproducible: one date for all files, root's ownership, sorted archives. The
//! package is made twice, and both must be the same to the byte.

mod config;
mod container;
mod deb;
mod program;
mod sbom;
mod started;
mod unit;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{Run, show};
use crate::workspace::{Workspace, array, metadata, text};

const NAME: &str = "minbil-auth";
/// The bill of materials inside of a package.
const SBOM: &str = "minbil-auth.cdx.json";

/// What everything is made from.
struct Dist<'a> {
    workspace: &'a Workspace,
    /// `<target>/dist`.
    folder: PathBuf,
    version: String,
    /// Seconds since 1970 of every file that is packed: those of the commit.
    epoch: String,
    bill: sbom::Bill,
}

/// Makes everything. `given` is a program that was built elsewhere and takes the place of building one.
pub(crate) fn run(workspace: &Workspace, given: Option<&str>) -> Result<String> {
    let unit = unit::check(&workspace.root)?;
    let folder = workspace.target.join("dist");
    // What an earlier run left would be counted into the sums of this one.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    let bill = sbom::Bill::read(workspace)?;
    let dist = Dist { workspace, folder, version: version(workspace)?, epoch: epoch(workspace)?, bill };
    let program = program::make(&dist, given)?;
    let package = deb::make(&dist, &program)?;
    let image = container::make(&dist, &program)?;
    dist.sums()?;
    Ok(format!("{unit}; {package}; {image}; all of it in {}", dist.folder.display()))
}

impl Dist<'_> {
    /// Where a product goes.
    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file of `packaging/`.
    fn template(&self, path: &str) -> Result<String> {
        let file = self.workspace.root.join("packaging").join(path);
        std::fs::read_to_string(&file).with_context(|| format!("cannot read packaging/{path}"))
    }

    /// Writes the bill of a product beside it, with what it has besides our program.
    fn write_bill(&self, product: &str, besides: &[sbom::Part]) -> Result<()> {
        let bill = self.bill.render(product, &self.version, &self.epoch, besides)?;
        write(&self.place(&format!("{product}.cdx.json")), &bill, 0o644)
    }

    /// `SHA256SUMS`, as `sha256sum --check` reads it.
    fn sums(&self) -> Result<()> {
        let mut files = Vec::new();
        list(&self.folder, &self.folder, &mut files)?;
        files.sort();
        let sums = Run::new("sha256sum").folder(&self.folder).args(&files).output()?;
        write(&self.place("SHA256SUMS"), &sums, 0o644)?;
        show(sums.trim_end());
        Ok(())
    }
}

/// Writes a file with its mode, and the folders above it.
fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = path.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            files.push(path.strip_prefix(root)?.display().to_string());
        }
    }
    Ok(())
}

fn version(workspace: &Workspace) -> Result<String> {
    let metadata = metadata(&workspace.root, &["--no-deps"])?;
    let server = array(&metadata, "packages").find(|package| text(package, "name") == NAME);
    let version = server.map(|package| text(package, "version").to_owned());
    version.with_context(|| format!("the workspace has no package {NAME}"))
}

/// `SOURCE_DATE_EPOCH`, or the date of the commit.
fn epoch(workspace: &Workspace) -> Result<String> {
    let given = std::env::var("SOURCE_DATE_EPOCH");
    let epoch = match given {
        Ok(given) => given,
        Err(_) => Run::new("git").folder(&workspace.root).args(["log", "-1", "--format=%ct"]).output()?,
    };
    let epoch = epoch.trim();
    if epoch.parse::<u64>().is_err() {
        bail!("SOURCE_DATE_EPOCH `{epoch}` is not a number of seconds");
    }
    Ok(epoch.to_owned())
}

/// The names and versions of the Debian packages that own these files of this machine.
fn owners(files: &[PathBuf]) -> Result<Vec<sbom::Part>> {
    let mut parts = Vec::new();
    for file in files {
        // Packages own the real file; `/lib` may be a link to `/usr/lib`, and they know it under either name.
        let real = file.canonicalize().with_context(|| format!("{} is not here", file.display()))?;
        let usr = real.display().to_string();
        let names = [usr.clone(), usr.trim_start_matches("/usr").to_owned()];
        let owner = names.iter().find_map(|name| Run::new("dpkg-query").args(["-S", name]).output().ok());
        let owner = owner.with_context(|| format!("no package owns {usr}"))?;
        let owner = owner.split(": ").next().unwrap_or_default().to_owned();
        let format = "--showformat=${binary:Package}\t${Version}\t${Architecture}";
        let shown = Run::new("dpkg-query").args(["-W", format, &owner]).output()?;
        let mut words = shown.trim().split('\t');
        let (Some(name), Some(version), Some(architecture)) = (words.next(), words.next(), words.next())
        else {
            bail!("dpkg-query does not say which version of {owner} is here");
        };
        let name = name.split(':').next().unwrap_or(name);
        let part = sbom::Part::debian(name, version, architecture);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_folder_are_listed_by_their_place_in_it() {
        let folder = std::env::temp_dir().join(format!("minbil-auth-dist-{}", std::process::id()));
        write(&folder.join("a/b.txt"), "b", 0o644).unwrap();
        write(&folder.join("c.txt"), "c", 0o600).unwrap();
        let mut files = Vec::new();
        list(&folder, &folder, &mut files).unwrap();
        files.sort();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, ["a/b.txt", "c.txt"]);
    }

    #[test]
    fn the_version_is_the_servers() {
        let version = version(&Workspace::load().unwrap()).unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
    }
}

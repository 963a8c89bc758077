//! The Debian package: what is in it, and what Debian's own checker would say about it.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::program::{Program, mebibytes};
use super::{Dist, SBOM, config, started, unit, write};
use crate::machine::{self, DPKG};
use crate::process::Run;

const SCRIPTS: [&str; 3] = ["postinst", "postrm", "prerm"];
/// Every file of the package with its mode. More or fewer is a fault.
const FILES: [(&str, &str); 11] = [
    ("./etc/minbil-auth/config.toml", "-rw-r-----"),
    ("./usr/bin/minbil-auth", "-rwxr-xr-x"),
    ("./usr/lib/systemd/system/minbil-auth.service", "-rw-r--r--"),
    ("./usr/sbin/minbil-auth-admin", "-rwxr-xr-x"),
    ("./usr/share/doc/minbil-auth/README.md", "-rw-r--r--"),
    ("./usr/share/doc/minbil-auth/changelog.gz", "-rw-r--r--"),
    ("./usr/share/doc/minbil-auth/copyright", "-rw-r--r--"),
    ("./usr/share/doc/minbil-auth/minbil-auth.cdx.json", "-rw-r--r--"),
    ("./usr/share/doc/minbil-auth/operating.md.gz", "-rw-r--r--"),
    ("./usr/share/man/man1/minbil-auth.1.gz", "-rw-r--r--"),
    ("./usr/share/man/man8/minbil-auth-admin.8.gz", "-rw-r--r--"),
];

/// Makes the package, twice, and checks it.
pub(super) fn make(dist: &Dist, program: &Program) -> Result<String> {
    machine::ensure(&[DPKG])?;
    let architecture = Run::new("dpkg").arg("--print-architecture").output()?.trim().to_owned();
    let name = format!("minbil-auth_{}_{architecture}.deb", dist.version);
    let work = dist.workspace.target.join("dist-work");
    if work.exists() {
        std::fs::remove_dir_all(&work)?;
    }
    let tree = work.join("deb");
    fill(dist, program, &tree)?;
    describe(dist, program, &tree, &architecture)?;
    let package = dist.place(&name);
    let again = work.join("again.deb");
    for to in [&package, &again] {
        Run::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--threads-max=1", "--build"])
            .arg(&tree)
            .arg(to)
            .setting("SOURCE_DATE_EPOCH", &dist.epoch)
            .run()?;
    }
    if std::fs::read(&package)? != std::fs::read(&again)? {
        bail!("{name} made twice is not the same");
    }
    let contents = Run::new("dpkg-deb").arg("--contents").arg(&package).output()?;
    let faults = faults(&contents);
    if !faults.is_empty() {
        bail!("{name}: {}", faults.join("; "));
    }
    install(&package, &work)?;
    dist.write_bill(&name, &[])?;
    Ok(format!("{name} {}, reproducible, answers when installed", mebibytes(&package)?))
}

/// Puts the files of the package where they will be.
fn fill(dist: &Dist, program: &Program, tree: &Path) -> Result<()> {
    let root = &dist.workspace.root;
    let text =
        |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    let put = |path: &str, content: &str, mode| write(&tree.join(path), content, mode);
    write(&tree.join("usr/bin/minbil-auth"), std::fs::read(&program.path)?, 0o755)?;
    let defaults = Run::new(&program.path).args(["config", "default"]).output()?;
    put("etc/minbil-auth/config.toml", &config::production(&defaults)?, 0o640)?;
    put("usr/lib/systemd/system/minbil-auth.service", &text(unit::UNIT)?, 0o644)?;
    put("usr/sbin/minbil-auth-admin", &dist.template("deb/minbil-auth-admin")?, 0o755)?;
    let licence = text("LICENSE-MIT")?;
    let licence: Vec<String> = licence
        .trim_end()
        .lines()
        // Debian's format: every line indented, an empty one is a dot.
        .map(|line| if line.trim().is_empty() { " .".to_owned() } else { format!(" {line}") })
        .collect();
    let copyright = dist.template("deb/copyright")?.replace("@MIT@", &licence.join("\n"));
    let doc = "usr/share/doc/minbil-auth";
    put(&format!("{doc}/copyright"), &copyright, 0o644)?;
    put(&format!("{doc}/README.md"), &text("README.md")?, 0o644)?;
    put(&format!("{doc}/changelog"), &text("CHANGELOG.md")?, 0o644)?;
    put(&format!("{doc}/operating.md"), &text("docs/operating.md")?, 0o644)?;
    put(&format!("{doc}/{SBOM}"), &dist.bill.render("minbil-auth", &dist.version, &dist.epoch, &[])?, 0o644)?;
    put("usr/share/man/man1/minbil-auth.1", &dist.template("deb/minbil-auth.1")?, 0o644)?;
    put("usr/share/man/man8/minbil-auth-admin.8", ".so man1/minbil-auth.1\n", 0o644)?;
    Run::new("gzip")
        .folder(tree)
        // Without the name and the time of the file in it.
        .args(["-9n", "usr/share/doc/minbil-auth/changelog", "usr/share/doc/minbil-auth/operating.md"])
        .args(["usr/share/man/man1/minbil-auth.1", "usr/share/man/man8/minbil-auth-admin.8"])
        .run()
}

/// The control files.
fn describe(dist: &Dist, program: &Program, tree: &Path, architecture: &str) -> Result<()> {
    let size =
        Run::new("du").args(["--summarize", "--apparent-size", "--block-size=1024"]).arg(tree).output()?;
    let size = size.split_whitespace().next().context("du says no size")?;
    let control = control(
        &dist.template("deb/control")?,
        &[
            ("@VERSION@", &dist.version),
            ("@ARCHITECTURE@", architecture),
            ("@SIZE@", size),
            ("@LIBRARIES@", &format!("libc6 (>= {}), libgcc-s1 (>= 4.2)", program.glibc)),
        ],
    )?;
    let sums = Run::new("sh")
        .folder(tree)
        .args(["-c", "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum"])
        .output()?;
    let folder = tree.join("DEBIAN");
    write(&folder.join("control"), control, 0o644)?;
    write(&folder.join("md5sums"), sums, 0o644)?;
    write(&folder.join("conffiles"), dist.template("deb/conffiles")?, 0o644)?;
    for script in SCRIPTS {
        let file = folder.join(script);
        write(&file, dist.template(&format!("deb/{script}"))?, 0o755)?;
        Run::new("sh")
            .arg("-n")
            .arg(&file)
            .output()
            .with_context(|| format!("{script} is no shell script"))?;
    }
    Ok(())
}

/// The control file with its places filled.
fn control(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut control = template.to_owned();
    for (place, value) in values {
        if !control.contains(place) {
            bail!("packaging/deb/control has no {place}");
        }
        control = control.replace(place, value);
    }
    for field in
        ["Package", "Version", "Architecture", "Maintainer", "Section", "Priority", "Depends", "Description"]
    {
        let start = format!("{field}: ");
        let value = control.lines().find_map(|line| line.strip_prefix(&start));
        if value.is_none_or(|value| value.trim().is_empty() || value.contains('@') && field != "Maintainer") {
            bail!("packaging/deb/control: `{field}` is missing or not filled");
        }
    }
    Ok(control)
}

/// What is wrong with what `dpkg-deb --contents` lists: `-rw-r--r-- root/root 12 2026-01-01 00:00 ./etc/x`.
fn faults(contents: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut missing: Vec<&(&str, &str)> = FILES.iter().collect();
    for line in contents.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(mode), Some(owner), Some(path)) = (words.first(), words.get(1), words.get(5)) else {
            faults.push(format!("`{line}` is no entry"));
            continue;
        };
        if *owner != "root/root" {
            faults.push(format!("{path} belongs to {owner}"));
        }
        match FILES.iter().position(|(file, _)| file == path) {
            Some(index) if FILES[index].1 != *mode => {
                faults.push(format!("{path} is {mode}, not {}", FILES[index].1));
            }
            Some(index) => missing.retain(|file| file.0 != FILES[index].0),
            None if mode.starts_with('d') && *mode == "drwxr-xr-x" => {}
            None => faults.push(format!("{path} ({mode}) should not be there")),
        }
    }
    faults.extend(missing.iter().map(|(file, mode)| format!("{file} ({mode}) is not there")));
    faults
}

/// Unpacks the package and lives through a first start: what is not configured is said, and what is runs.
fn install(package: &Path, work: &Path) -> Result<()> {
    let installed = work.join("installed");
    Run::new("dpkg-deb").arg("-x").arg(package).arg(&installed).run()?;
    unit::verify(&installed)?;
    let program = installed.join("usr/bin/minbil-auth").display().to_string();
    let config = installed.join("etc/minbil-auth/config.toml");
    let unconfigured = Run::new(&program).args(["config", "check", "--config"]).arg(&config).output();
    let said = unconfigured.err().context("an unconfigured server found nothing wrong")?.to_string();
    for key in ["base_url", "mail.smtp_url", "root_key_file"] {
        if !said.contains(key) {
            bail!("an unconfigured server does not say that it needs {key}: {said}");
        }
    }
    let root_key = Run::new(&program).args(["key", "new-root"]).output()?;
    let data = work.join("data").display().to_string();
    started::answers(&[&program], &data, Some(&config), root_key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn contents() -> String {
        let files: Vec<String> = FILES
            .iter()
            .map(|(path, mode)| format!("{mode} root/root      12 2026-01-01 00:00 {path}"))
            .collect();
        format!("drwxr-xr-x root/root 0 2026-01-01 00:00 ./\n{}\n", files.join("\n"))
    }

    #[test]
    fn a_package_with_other_files_modes_or_owners_is_found() {
        assert_eq!(faults(&contents()), Vec::<String>::new());
        let broken = [
            contents().replace(
                "-rwxr-xr-x root/root      12 2026-01-01 00:00 ./usr/bin",
                "-rwsr-xr-x root/root 12 2026-01-01 00:00 ./usr/bin",
            ),
            contents().replace("-rw-r-----", "-rw-r--r--"),
            contents().replace("root/root", "me/me"),
            contents().replace("drwxr-xr-x", "drwxrwxrwx"),
            contents() + "-rw-r--r-- root/root 1 2026-01-01 00:00 ./etc/cron.d/x\n",
            contents().lines().filter(|line| !line.contains("copyright")).collect::<Vec<_>>().join("\n"),
        ];
        for contents in broken {
            assert!(!faults(&contents).is_empty(), "{contents}");
        }
    }

    #[test]
    fn the_control_file_is_filled_and_a_gap_is_found() {
        let path = Workspace::load().unwrap().root.join("packaging/deb/control");
        let template = std::fs::read_to_string(path).unwrap();
        let values = [
            ("@VERSION@", "1.2.3"),
            ("@ARCHITECTURE@", "amd64"),
            ("@SIZE@", "9"),
            ("@LIBRARIES@", "libc6 (>= 2.34)"),
        ];
        let filled = control(&template, &values).unwrap();
        assert!(
            filled.contains("\nVersion: 1.2.3\n") && filled.contains("Depends: libc6 (>= 2.34), adduser")
        );
        assert!(control(&template, &values[1..]).is_err());
        assert!(control(&template.replace("Section: net\n", ""), &values).is_err());
    }

    #[test]
    fn removing_or_purging_the_package_deletes_nothing() {
        let root = Workspace::load().unwrap().root;
        for script in SCRIPTS {
            let text = std::fs::read_to_string(root.join("packaging/deb").join(script)).unwrap();
            let commands = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            for word in commands.flat_map(str::split_whitespace) {
                let deletes = ["rm", "deluser", "userdel", "delgroup", "rmdir", "unlink", "shred", "find"];
                assert!(!deletes.contains(&word.rsplit('/').next().unwrap()), "{script} has `{word}`");
            }
            assert!(text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"), "{script}");
        }
    }
}

use super::*;

/// Cargo takes a second to say what it resolved; the tests ask it once.
fn bill() -> &'static Bill {
    static BILL: std::sync::LazyLock<Bill> =
        std::sync::LazyLock::new(|| Bill::read(&Workspace::load().unwrap()).unwrap());
    &BILL
}

fn rendered() -> Value {
    let text = bill().render("minbil-auth", "0.1.0", "1770129105", &[]).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_bill_lists_what_is_linked_in_and_nothing_else() {
    let names: Vec<String> = bill().parts.iter().map(|part| part.name.clone()).collect();
    for linked in ["minbil-auth", "minbil-auth-domain", "axum", "libsqlite3-sys", "aws-lc-sys", "rustls"] {
        assert!(names.iter().any(|name| name == linked), "{linked}");
    }
    for not_linked in ["minbil-auth-testkit", "insta", "proptest", "syn", "serde_derive", "cc", "xtask"] {
        assert!(!names.iter().any(|name| name == not_linked), "{not_linked}");
    }
}

#[test]
fn a_crate_that_is_left_out_or_has_another_checksum_is_found() {
    let tree = "minbil-auth v0.1.0 (/r)\naxum v0.8.9\naxum v0.8.9 (*)\n";
    let lock = checksums(
        "version = 4\n\n[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\nchecksum = \"ab\"\n\n\
         [[package]]\nname = \"minbil-auth\"\nversion = \"0.1.0\"\n",
    );
    let part = |name: &str, version: &str, checksum: Option<&str>| Part {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: String::new(),
        licence: String::new(),
        checksum: checksum.map(str::to_owned),
        depends: Vec::new(),
    };
    let faults = |parts: Vec<Part>| Bill { parts }.faults(tree, &lock);
    let server = || part("minbil-auth", "0.1.0", None);
    assert_eq!(faults(vec![server(), part("axum", "0.8.9", Some("ab"))]), Vec::<String>::new());
    assert_eq!(faults(vec![server()]), ["axum 0.8.9 is missing"]);
    let other = faults(vec![server(), part("axum", "0.8.9", Some("cd"))]);
    assert_eq!(other, ["axum 0.8.9 has another checksum in Cargo.lock"]);
    let unknown = faults(vec![server(), part("axum", "0.8.9", Some("ab")), part("evil", "1.0.0", None)]);
    assert_eq!(unknown, ["evil 1.0.0 is not in Cargo.lock"]);
}

#[test]
fn the_rendered_bill_has_what_cyclonedx_requires() {
    let bill = rendered();
    assert_eq!(incomplete(&bill), Vec::<String>::new());
    assert_eq!(bill["metadata"]["timestamp"], "2026-02-03T14:31:45Z");
    assert_eq!(bill["metadata"]["component"]["purl"], "pkg:cargo/minbil-auth@0.1.0");
    assert!(array(&bill, "components").count() > 100, "far too few");
}

#[test]
fn a_bill_with_a_gap_is_found() {
    let gap = |pointer: &str, value: Value| {
        let mut bill = rendered();
        *bill.pointer_mut(pointer).unwrap() = value;
        assert!(!incomplete(&bill).is_empty(), "{pointer}");
    };
    gap("/bomFormat", "SPDX".into());
    gap("/specVersion", "1.3".into());
    gap("/metadata/timestamp", "".into());
    gap("/metadata/component/version", "".into());
    for key in ["name", "version", "purl", "bom-ref", "licenses"] {
        gap(&format!("/components/0/{key}"), Value::Null);
    }
    let mut bill = rendered();
    let index = array(&bill, "components").position(|part| text(part, "name") == "axum").unwrap();
    bill["components"][index]["hashes"][0]["content"] = "12".into();
    assert_eq!(incomplete(&bill), ["`axum` has no SHA-256"]);
    let mut bill = rendered();
    bill["dependencies"][0]["dependsOn"] = json!(["pkg:cargo/nowhere@1.0.0"]);
    assert_eq!(incomplete(&bill), ["`pkg:cargo/nowhere@1.0.0` is no component"]);
}

#[test]
fn two_bills_of_one_commit_are_the_same() {
    let again = Bill::read(&Workspace::load().unwrap()).unwrap();
    let again = again.render("minbil-auth", "0.1.0", "1770129105", &[]).unwrap();
    assert_eq!(bill().render("minbil-auth", "0.1.0", "1770129105", &[]).unwrap(), again);
}

#[test]
fn a_library_of_the_system_has_an_escaped_purl() {
    let part = Part::debian("libc6", "2.36-9+deb12u13", "amd64");
    assert_eq!(part.purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64");
}

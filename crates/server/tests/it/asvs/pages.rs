//! What a browser gets from us: pages, scripts, redirects.

use crate::harness::{EVIL, OWNER, Setup, TestServer};
use std::collections::BTreeSet;

const PAGES: [&str; 7] = [
    "/docs",
    "/docs/problems/",
    "/docs/problems/refresh-reused",
    "/docs/guides/staying-signed-in",
    "/docs/api-reference/carowner/auth",
    "/reset-password/co",
    "/docs/console",
];

/// The addresses in the attributes of a page.
fn attributes(page: &str, name: &str) -> BTreeSet<String> {
    let start = format!(" {name}=\"");
    let parts = page.split(&start).skip(1);
    parts.filter_map(|part| part.split('"').next()).map(|value| value.replace("&amp;", "&")).collect()
}

/// Our own scripts, which the pages name or another script imports: all but the bundle of the console, which is not ours.
async fn scripts(server: &TestServer) -> Vec<(String, String)> {
    let mut addresses = BTreeSet::new();
    for page in PAGES {
        addresses.extend(attributes(&server.fetch(page).await.text(), "src"));
    }
    let mut scripts = Vec::new();
    addresses.retain(|address| address.starts_with("/static/") && address.contains(".js?"));
    let mut imported = BTreeSet::new();
    for address in &addresses {
        let text = script(server, address).await;
        let names = text.split("from './").skip(1).filter_map(|part| part.split('\'').next());
        imported.extend(names.map(|name| format!("/static/{name}")));
        scripts.push((address.clone(), text));
    }
    for address in imported {
        let text = script(server, &address).await;
        scripts.push((address, text));
    }
    for name in
        ["/static/console.js?", "/static/docs.js?", "/static/reset-password.js?", "/static/mailed-link.js"]
    {
        assert!(scripts.iter().any(|(address, _)| address.starts_with(name)), "no page names {name}");
    }
    scripts
}

async fn script(server: &TestServer, address: &str) -> String {
    let answer = server.fetch(address).await;
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"), "{address}");
    answer.text()
}

/// Each line of our scripts in which one of these stands.
async fn lines_with(words: &[&str]) -> Vec<String> {
    let server = TestServer::start().await;
    let mut found = Vec::new();
    for (name, text) in scripts(&server).await {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let lines = code.filter(|line| words.iter().any(|word| line.contains(word)));
        found.extend(lines.map(|line| format!("{name}: {}", line.trim())));
    }
    found
}

const NONE: [&str; 0] = [];

#[tokio::test]
async fn asvs_1_2_3_a_title_that_closes_a_script_stays_a_title() {
    let title = "</script><script>alert(1)</script>\u{2028}'\"&";
    let server = TestServer::with(Setup::default().with("NAMESPACES__CO__TITLE", title)).await;
    let document = server.fetch("/openapi.json").await;
    assert!(document.json().to_string().contains("alert(1)"), "the title is in it");
    for path in ["/docs", "/docs/console", "/reset-password/co", "/docs/problems/not-found"] {
        let page = server.fetch(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text().contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn asvs_1_3_2_no_policy_and_no_script_of_ours_evaluates_text() {
    let server = TestServer::start().await;
    for page in PAGES {
        let policy = server.fetch(page).await.header("content-security-policy").unwrap().to_owned();
        assert!(!policy.contains("unsafe-eval") && policy.contains("script-src 'self';"), "{page}: {policy}");
    }
    let evaluates = ["eval(", "new Function", "Function(", "setTimeout('", "setTimeout(\"", "import("];
    assert_eq!(lines_with(&evaluates).await, NONE);
}

#[tokio::test]
async fn asvs_3_2_2_our_scripts_write_text_and_never_html() {
    let html = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "createContextualFragment",
        "setHTML",
        "srcdoc",
        "jQuery",
        "$(",
    ];
    assert_eq!(lines_with(&html).await, NONE);
    assert!(!lines_with(&["textContent"]).await.is_empty(), "and they do write text");
}

#[tokio::test]
async fn asvs_3_2_3_our_scripts_take_no_global_for_an_element() {
    // An element's id becomes a property of `window` and a form's name one of `document`: whoever reads those can be
    // given another element.
    let clobbered =
        ["window[", "document[", "globalThis[", "document.forms", "document.all", "document.images"];
    assert_eq!(lines_with(&clobbered).await, NONE);
    // A look-up by a name that an answer gives asks what it got.
    let (named, asked) =
        (lines_with(&["namedItem("]).await, lines_with(&["instanceof HTMLInputElement"]).await);
    assert!(!named.is_empty() && named.len() == asked.len(), "{named:?} {asked:?}");
}

#[tokio::test]
async fn asvs_3_4_3_every_policy_lets_no_object_load_and_no_base_move() {
    let server = TestServer::start().await;
    let paths = PAGES.into_iter().chain([
        "/healthz",
        "/openapi.json",
        "/api/co/.well-known/jwks.json",
        "/api/co/auth/me",
        "/static/docs.js",
        "/nothing",
    ]);
    for path in paths {
        let answer = server.fetch(path).await;
        let policy: BTreeSet<_> =
            answer.header("content-security-policy").unwrap().split(';').map(str::trim).collect();
        for rule in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy:?}");
        }
        assert!(
            !policy.iter().any(|rule| rule.starts_with("object-src")),
            "{path}: the default holds for it"
        );
    }
}

#[tokio::test]
async fn asvs_3_5_6_a_callback_in_the_query_changes_nothing() {
    let server = TestServer::start().await;
    let access = server.owner().await.access;
    for path in [
        "/api/co/auth/me",
        "/api/co/auth/sessions",
        "/api/co/.well-known/jwks.json",
        "/openapi.json",
        "/healthz",
        "/readyz",
    ] {
        let plain = server.fetch(path).bearer(&access).await;
        let asked = format!("{path}?callback=alert&jsonp=alert&cb=alert&format=jsonp");
        let wrapped = server.fetch(&asked).bearer(&access).await;
        plain.ok();
        assert_eq!(plain.text(), wrapped.text(), "{path}");
        assert_eq!(wrapped.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(wrapped.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}

#[tokio::test]
async fn asvs_3_7_1_pages_are_made_of_html_css_and_javascript() {
    let server = TestServer::start().await;
    for path in PAGES {
        let page = server.fetch(path).await.text();
        for old in ["<object", "<embed", "<applet", "<param", "application/x-", ".swf", ".jar", "ActiveX"] {
            assert!(!page.contains(old), "{path}: {old}");
        }
        for address in attributes(&page, "src") {
            let file = address.split('?').next().unwrap();
            assert!(file.ends_with(".js") || file.ends_with(".svg"), "{path}: {address}");
        }
    }
}

#[tokio::test]
async fn asvs_3_7_2_no_redirect_leads_off_this_server() {
    let server = TestServer::start().await;
    let mut redirects = 0;
    for path in [
        "/",
        "/docs/",
        "/docs/problems",
        "/?next=https://evil.example",
        "/docs/?url=//evil.example",
        "/docs/problems?redirect_to=https://evil.example",
        "//evil.example",
        "//evil.example/docs/",
        "//evil.example/%2e%2e",
        "/%5cevil.example/",
        "/%2f%2fevil.example/docs/",
        "/docs//evil.example/",
        "/docs/problems//evil.example",
        "/docs/%0d%0aLocation:%20https:%2f%2fevil.example/",
        "/reset-password/",
        "/reset-password/co/",
    ] {
        let draft =
            server.fetch(path).instead("host", "evil.example").header("x-forwarded-host", "evil.example");
        let answer = draft.header("origin", EVIL).header("referer", EVIL).await;
        let Some(location) = answer.header("location") else {
            assert!(!(300..400).contains(&answer.status), "{path}");
            continue;
        };
        redirects += 1;
        assert!(location.starts_with("/docs") && !location.contains("evil"), "{path}: {location}");
    }
    assert!(redirects >= 5, "{redirects} redirects were looked at");
}

#[tokio::test]
async fn asvs_3_7_5_the_reset_page_says_so_without_javascript() {
    let server = TestServer::start().await;
    let page = server.fetch("/reset-password/co").await.text();
    let (_, after) = page.split_once("<noscript>").unwrap();
    let said = after.split("</noscript>").next().unwrap();
    assert!(said.contains("JavaScript"), "{said}");
}

#[tokio::test]
async fn asvs_6_2_7_nothing_keeps_a_password_from_being_pasted() {
    let server = TestServer::start().await;
    let page = server.fetch("/reset-password/co").await.text();
    let inputs: Vec<_> = page.split("<input").skip(1).map(|part| part.split('>').next().unwrap()).collect();
    let passwords: Vec<_> = inputs.iter().filter(|input| input.contains("type=\"password\"")).collect();
    assert_eq!(passwords.len(), 2, "{inputs:?}");
    for input in passwords {
        assert!(
            input.contains("autocomplete=\"new-password\"") && !input.contains("maxlength"),
            "{input}: what is pasted is cut"
        );
    }
    assert_eq!(lines_with(&["paste", "'keydown'", "'beforeinput'", "clipboardData"]).await, NONE);
}

#[tokio::test]
async fn asvs_13_4_1_no_file_of_a_working_copy_is_served() {
    let server = TestServer::with(Setup::development()).await;
    for path in [
        "/.git/config",
        "/.git/HEAD",
        "/.svn/entries",
        "/.hg/requires",
        "/.env",
        "/.DS_Store",
        "/.well-known/",
        "/Cargo.toml",
        "/Cargo.lock",
        "/root.key",
        "/minbil-auth.db",
        "/minbil-auth-data/root.key",
        "/static/root.key",
        "/static/../Cargo.toml",
        "/static/%2e%2e/root.key",
        "/static/..%2f..%2froot.key",
        "/static/docs.js.map",
        "/static/docs.js~",
        "/static/docs.js.bak",
        "/docs/%2e%2e/%2e%2e/root.key",
        "/docs/guides/..%2f..%2foperating",
        "/docs/guides/staying-signed-in.md",
    ] {
        server.fetch(path).await.problem("not_found");
    }
}

#[tokio::test]
async fn asvs_13_4_3_no_folder_is_listed() {
    let server = TestServer::start().await;
    for path in [
        "/static",
        "/static/",
        "/docs/guides",
        "/docs/guides/",
        "/docs/api-reference/",
        "/api",
        "/api/",
        "/api/co/",
    ] {
        let answer = server.fetch(path).await;
        assert!(matches!(answer.status, 307 | 308 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("docs.js") && !answer.text().contains("Index of"), "{path}");
    }
}

#[tokio::test]
async fn asvs_14_3_3_no_script_of_ours_stores_more_than_a_language() {
    let stores = ["localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches.", "cookieStore"];
    let lines = lines_with(&stores).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.contains("localStorage") && line.contains("REMEMBERED")),
        "{lines:?}"
    );
    assert_eq!(lines_with(&["REMEMBERED = 'minbil-docs-language'"]).await.len(), 1);
}

#[tokio::test]
async fn asvs_15_3_6_no_script_of_ours_writes_a_property_that_an_answer_names() {
    // `object[name] = …`, merging, and the name itself are how a prototype is reached.
    let server = TestServer::start().await;
    for (name, text) in scripts(&server).await {
        for line in text.lines() {
            let assigned = line
                .split_once("] = ")
                .is_some_and(|(before, _)| !before.trim_start().starts_with("const ["));
            let assigned = assigned && !line.contains("const [");
            assert!(!assigned, "{name}: {line}");
            for reached in
                ["__proto__", "Object.assign", "structuredClone", ".prototype", "for (const key in"]
            {
                assert!(!line.contains(reached), "{name}: {line}");
            }
        }
    }
    // And on the server's side such a name is one of those that nobody asked for.
    let body = r#"{"email":"owner@example.com","password":"correct horse battery","__proto__":{"role":"admin"},"constructor":1}"#;
    server.sign_up(OWNER).await;
    server.post("sign-in").raw("application/json", body).await.ok();
}

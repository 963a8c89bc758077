//! Requirements of OWASP ASVS 5.0, and failures of other servers, that no other module is about. What all of them come
//! to stands in `docs/security/asvs.md` and `failures.md`.

mod connections;
mod credentials;
mod failures;
mod http_2;
mod log_lines;
mod pages;
mod papers;
mod source;
mod tls;

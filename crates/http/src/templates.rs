//! The templates of our pages, built into the binary. Whatever goes into a page is escaped unless it was made as
//! HTML by us (ASVS 1.2.1).

use crate::static_files;
use app::fault::Fault;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use std::sync::LazyLock;

macro_rules! templates {
    ($($name:literal)+) => {
        [$(($name, include_str!(concat!("../templates/", $name))),)+]
    };
}

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_function("static", address);
    let sources = templates! {
        "page.html"
        "inbox.html"
        "mail.html"
        "mailed_link.html"
        "reset_password.html"
        "verify_email.html"
        "docs/frame.html"
        "docs/index.html"
        "docs/api_reference.html"
        "docs/problems.html"
        "docs/problem.html"
        "docs/guide.html"
        "docs/console.html"
    };
    for (name, source) in sources {
        environment.add_template(name, source)?;
    }
    Ok(environment)
});

/// Fills a template in.
pub(crate) fn render(name: &str, context: Value) -> Result<String, Fault> {
    let environment = ENVIRONMENT.as_ref().map_err(|error| Fault::internal(error.to_string()))?;
    let rendered = environment.get_template(name).and_then(|template| template.render(context));
    rendered.map_err(|error| Fault::internal(format!("{name}: {error:#}")))
}

fn address(name: &str) -> Result<Value, Error> {
    static_files::address(name)
        .map(Value::from_safe_string)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("there is no static file {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        assert!(ENVIRONMENT.is_ok(), "{:?}", ENVIRONMENT.as_ref().err());
    }
}

//! `user add|list|show|disable|enable|verify|delete|set-password`

use crate::cli::{Account, InNamespace, User as Command};
use crate::output::{line, user_json, user_line};
use anyhow::Context as _;
use app::audit::AuditContext;
use app::operate_account::{NewPassword, add_account, set_password, verify_email};
use app::ports::store::{AccountChange, AccountKey, SignUpOutcome};
use app::service::{Namespace, Service};
use domain::account::{AccountStatus, User};
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::password::Password;
use std::io::BufRead as _;

/// Runs the command.
///
/// # Errors
/// When the account is not there (or there already), the input is bad, or the store fails.
pub async fn run(service: &Service, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Add { namespace, email, password_hash } => {
            add(service, namespace, email, *password_hash).await
        }
        Command::List { namespace, limit, after, json } => {
            let name = &in_namespace(service, namespace)?.name;
            for user in service.store.list_accounts(name, after.map(UserId::new), *limit).await? {
                line(&if *json { user_json(&user).to_string() } else { user_line(&user) });
            }
            Ok(())
        }
        Command::Show(account) => {
            show(&find(service, account).await?, account.json);
            Ok(())
        }
        Command::Disable(account) => set_status(service, account, AccountStatus::Disabled).await,
        Command::Enable(account) => set_status(service, account, AccountStatus::Active).await,
        Command::Verify(account) => {
            let namespace = in_namespace(service, &account.namespace)?;
            let user = find(service, account).await?;
            done(verify_email(service, namespace, &user).await?, account)
        }
        Command::Delete { account, yes } => delete(service, account, *yes).await,
        Command::SetPassword { account, password_hash } => {
            let namespace = in_namespace(service, &account.namespace)?;
            let user = find(service, account).await?;
            let password = read_password(namespace, *password_hash)?;
            done(set_password(service, namespace, &user, password).await?, account)
        }
    }
}

async fn add(service: &Service, namespace: &InNamespace, email: &str, is_hash: bool) -> anyhow::Result<()> {
    let namespace = in_namespace(service, namespace)?;
    let email = EmailAddress::parse(email)?;
    let password = read_password(namespace, is_hash)?;
    match add_account(service, namespace, email, password).await? {
        SignUpOutcome::Created(user) => {
            line(&user_line(&user));
            Ok(())
        }
        SignUpOutcome::EmailTaken => {
            anyhow::bail!("this address has an account in {} already", namespace.name)
        }
    }
}

async fn set_status(service: &Service, account: &Account, status: AccountStatus) -> anyhow::Result<()> {
    let user = find(service, account).await?;
    let audit = AuditContext::operator();
    done(service.store.set_status(&user.namespace, user.id, status, audit).await?, account)
}

async fn delete(service: &Service, account: &Account, is_sure: bool) -> anyhow::Result<()> {
    let user = find(service, account).await?;
    anyhow::ensure!(is_sure, "this deletes {} for good; say --yes if that is what you want", user.email);
    let audit = AuditContext::operator();
    anyhow::ensure!(
        service.store.delete_account(&user.namespace, user.id, audit).await?,
        "the account was deleted by somebody else just now"
    );
    line("The account is deleted.");
    Ok(())
}

fn done(change: AccountChange, account: &Account) -> anyhow::Result<()> {
    match change {
        AccountChange::Done(user) => {
            show(&user, account.json);
            Ok(())
        }
        AccountChange::Refused => anyhow::bail!("the account {} is gone", account.account),
    }
}

fn show(user: &User, as_json: bool) {
    line(&if as_json { user_json(user).to_string() } else { user_line(user) });
}

/// The namespace a command works in.
///
/// # Errors
/// When it is not configured.
pub(super) fn in_namespace<'a>(service: &'a Service, named: &InNamespace) -> anyhow::Result<&'a Namespace> {
    let name = NamespaceName::parse(&named.namespace)?;
    let namespace = service.namespaces.get(&name);
    namespace.map(AsRef::as_ref).with_context(|| format!("the namespace {name} is not configured"))
}

/// The account a command names by address or id.
///
/// # Errors
/// When there is none.
pub(super) async fn find(service: &Service, account: &Account) -> anyhow::Result<User> {
    let namespace = in_namespace(service, &account.namespace)?;
    let key = match account.account.parse() {
        Ok(id) => AccountKey::Id(UserId::new(id)),
        Err(_) => AccountKey::Email(EmailAddress::parse(&account.account)?),
    };
    let found = service.store.find_account(&namespace.name, &key).await?;
    found.with_context(|| format!("{} has no account {}", namespace.name, account.account))
}

/// One line of standard input: arguments can be read by every process of the machine.
fn read_password(namespace: &Namespace, is_hash: bool) -> anyhow::Result<NewPassword> {
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text).context("cannot read the password from standard input")?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if is_hash {
        return Ok(NewPassword::Hash(text));
    }
    Ok(NewPassword::Plain(Password::chosen(text, namespace.password_min)?))
}

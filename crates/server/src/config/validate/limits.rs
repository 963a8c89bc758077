//! Do the limits make sense?

use super::{DAY, Findings};
use crate::config::schema;
use app::allowances::Limits;
use domain::client_address::AddressRange;
use domain::throttle::{Budget, Ladder};
use std::time::Duration;

const BURST_MAX: u32 = 1_000_000;
/// NIST SP 800-63B-4 section 3.2.2: no account takes more failures in a row.
const STOP_MAX: u32 = 100;

pub(super) fn limits(written: &schema::Limits, f: &mut Findings) -> Limits {
    f.range("limits.entries_max", written.entries_max as u64, 100, 10_000_000);
    f.range("limits.device_known_days", written.device_known_days, 0, 400);
    let forgot = (written.forgot_password_burst, written.forgot_password_refill_seconds);
    pace("forgot_password", forgot, f);
    Limits {
        sign_in_address: pace(
            "sign_in_address",
            (written.sign_in_address_burst, written.sign_in_address_refill_seconds),
            f,
        ),
        sign_in_account: account(written, f),
        sign_in_device: device(written, f),
        sign_up_address: pace(
            "sign_up_address",
            (written.sign_up_address_burst, written.sign_up_address_refill_seconds),
            f,
        ),
        forgot_password_address: pace(
            "forgot_password_address",
            (written.forgot_password_address_burst, written.forgot_password_address_refill_seconds),
            f,
        ),
        namespace_mail: pace(
            "mail_namespace",
            (written.mail_namespace_burst, written.mail_namespace_refill_seconds),
            f,
        ),
        reset_address: pace(
            "reset_address",
            (written.reset_address_burst, written.reset_address_refill_seconds),
            f,
        ),
        refresh_address: pace(
            "refresh_address",
            (written.refresh_address_burst, written.refresh_address_refill_seconds),
            f,
        ),
        device_known_for: Duration::from_secs(written.device_known_days.saturating_mul(DAY)),
    }
}

fn pace(name: &str, (burst, refill): (u32, u64), f: &mut Findings) -> Budget {
    f.range(&format!("limits.{name}_burst"), burst.into(), 1, BURST_MAX.into());
    f.range(&format!("limits.{name}_refill_seconds"), refill, 1, 30 * DAY);
    Budget { burst, refill: Duration::from_secs(refill) }
}

fn account(written: &schema::Limits, f: &mut Findings) -> Ladder {
    let (wait, wait_max) = (written.account_wait_seconds, written.account_wait_max_seconds);
    f.range("limits.account_stop", written.account_stop.into(), 1, STOP_MAX.into());
    f.range("limits.account_free", written.account_free.into(), 1, written.account_stop.into());
    f.range("limits.account_wait_seconds", wait, 1, DAY);
    f.range("limits.account_wait_max_seconds", wait_max, wait, DAY);
    f.range("limits.account_forget_hours", written.account_forget_hours, 1, 24 * 30);
    Ladder {
        free: written.account_free,
        wait: Duration::from_secs(wait),
        wait_max: Duration::from_secs(wait_max),
        stop: written.account_stop,
        forget_after: Duration::from_secs(written.account_forget_hours.saturating_mul(3600)),
    }
}

fn device(written: &schema::Limits, f: &mut Findings) -> Ladder {
    f.range("limits.device_free", written.device_free.into(), 1, written.account_stop.into());
    f.range("limits.device_wait_seconds", written.device_wait_seconds, 1, DAY);
    let wait = Duration::from_secs(written.device_wait_seconds);
    Ladder {
        free: written.device_free,
        wait,
        wait_max: wait,
        stop: written.account_stop,
        forget_after: Duration::from_secs(written.account_forget_hours.saturating_mul(3600)),
    }
}

pub(super) fn trusted_proxies(written: &[String], f: &mut Findings) -> Vec<AddressRange> {
    let mut ranges = Vec::new();
    for text in written {
        match AddressRange::parse(text) {
            Ok(range) => ranges.push(range),
            Err(invalid) => f.say("http.trusted_proxies", text, &invalid.to_string()),
        }
    }
    ranges
}

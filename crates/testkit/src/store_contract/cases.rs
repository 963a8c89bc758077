//! The list of cases. One that is written and not listed is found by the test below.

/// Makes one test of each case of the contract, for the [`Subject`](crate::store_contract::Subject) that is named.
///
/// The crate that calls it needs `tokio` with `macros` and `rt-multi-thread` among its own dependencies.
#[macro_export]
macro_rules! store_contract {
    ($subject:ty) => {
        type ContractSubject = $subject;

        $crate::store_contract_cases! { account_status:
            asvs_7_4_2_disabling_an_account_ends_everything,
            a_disabled_account_keeps_its_credential_and_says_that_it_is_disabled,
            enabling_an_account_revives_nothing,
            a_status_that_is_so_already_is_done_without_an_event,
            the_status_of_nobody_is_refused,
            a_deleted_account_is_a_stranger,
            deleting_nobody_is_false_and_leaves_no_event,
            tokens_of_a_deleted_account_get_a_precise_answer,
            deleting_an_account_removes_everything_that_names_its_address,
            a_mail_that_was_under_way_when_its_account_was_deleted_is_owed_to_nobody,
            a_session_that_had_expired_stays_dead_after_a_change_and_a_clock_that_is_put_back,
        }
        $crate::store_contract_cases! { accounts:
            a_new_account_is_active_and_unverified,
            a_sign_up_is_recorded_without_the_address,
            a_taken_address_changes_nothing,
            one_address_has_one_account_in_each_namespace,
            an_account_is_found_by_id_and_by_address,
            accounts_are_listed_page_by_page_in_the_order_of_their_ids,
            a_credential_is_what_signing_in_needs,
            asvs_6_3_8_an_address_without_an_account_gets_the_decoy,
            a_stranger_without_a_decoy_is_a_fault,
            a_decoy_is_replaced_and_each_namespace_has_its_own,
            a_refused_sign_in_fills_the_same_columns_for_a_stranger,
            a_credential_is_found_by_id_for_a_password_change,
            asvs_7_4_3_a_new_password_ends_every_session_and_voids_every_reset,
            a_new_password_is_recorded_and_told_in_the_same_write,
            a_password_that_was_read_before_a_change_sets_nothing,
            a_disabled_account_cannot_set_its_password_but_an_operator_can,
            an_operator_overrides_whatever_the_epoch_is,
            a_password_of_nobody_is_refused,
        }
    };
}

/// One module of tests, for [`store_contract!`](crate::store_contract!) alone.
#[doc(hidden)]
#[macro_export]
macro_rules! store_contract_cases {
    ($module:ident: $($case:ident,)*) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = $crate::store_contract::World::fresh::<super::ContractSubject>().await;
                    $crate::store_contract::$module::$case(&world).await;
                    world.discard().await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// The cases that a file of this directory defines, as `module::case`.
    fn written(file: &Path) -> BTreeSet<String> {
        let module = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('('));
        names.map(|(name, _)| format!("{module}::{name}")).collect()
    }

    fn listed() -> BTreeSet<String> {
        let mut module = "";
        let mut cases = BTreeSet::new();
        for line in include_str!("cases.rs").lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
            if let Some((_, name)) = line.split_once("$crate::store_contract_cases! { ") {
                module = name.trim_end_matches(':');
            } else if let Some(name) =
                line.strip_prefix("            ").and_then(|line| line.strip_suffix(','))
            {
                cases.insert(format!("{module}::{name}"));
            }
        }
        cases
    }

    #[test]
    fn every_case_that_is_written_is_listed() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store_contract");
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let written: BTreeSet<String> = files.flat_map(|file| written(&file)).collect();
        assert!(written.len() > 20);
        assert_eq!(written, listed());
    }
}

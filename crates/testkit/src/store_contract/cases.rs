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
        $crate::store_contract_cases! { api_keys:
            an_api_key_is_kept_as_it_was_asked_for,
            an_api_key_expires_by_the_stores_clock,
            a_name_is_one_keys_until_it_is_revoked,
            each_namespace_has_api_keys_of_its_own,
            a_rotation_keeps_the_secret_before_for_its_overlap,
            of_two_rotations_at_once_neither_is_lost,
            a_revoked_key_is_revoked_for_good,
            a_change_to_a_key_of_another_namespace_is_refused,
            a_use_is_noted_without_an_event,
            asvs_16_3_4_every_change_of_a_key_is_recorded_by_its_id,
            a_purge_and_a_restore_leave_api_keys_alone,
        }
        $crate::store_contract_cases! { audit_chain:
            an_event_that_nothing_else_causes_is_kept_as_it_was_given,
            events_are_found_oldest_first_by_what_is_asked_for,
            an_event_waits_to_be_sealed_once_it_has_settled,
            sealed_events_take_their_places_and_the_head_moves,
            an_event_reads_the_same_before_and_after_it_is_sealed,
            seals_after_another_head_change_nothing,
            one_event_that_is_gone_or_sealed_keeps_its_whole_batch_out,
            the_chain_never_forks_whoever_seals_at_once,
            one_node_has_the_sealing_until_its_lease_ends,
            of_many_nodes_that_claim_the_sealing_at_once_one_has_it,
            a_purge_leaves_what_is_sealed_to_the_cut,
            a_cut_removes_the_beginning_and_keeps_its_mark,
            deleting_a_user_changes_nothing_that_is_sealed,
            a_chain_that_is_taken_apart_waits_to_be_sealed_anew,
        }
        $crate::store_contract_cases! { concurrency:
            a_hundred_refreshes_of_one_token_are_one_step_and_one_successor,
            both_slots_rotate_at_once_and_neither_loses_a_step,
            what_was_answered_is_what_the_next_reader_sees,
            of_many_sign_ups_with_one_address_one_succeeds,
            many_sign_ins_at_once_never_exceed_the_limit,
            a_session_that_is_ended_by_many_ends_once,
            nothing_works_after_a_revocation_whatever_raced_with_it,
            of_many_password_changes_from_one_epoch_one_is_done,
            a_write_that_fails_undoes_itself_whole_and_alone,
            an_account_id_that_is_taken_is_a_fault_and_changes_nothing,
            an_evicted_sessions_reason_is_not_overwritten_by_a_later_end,
        }
        $crate::store_contract_cases! { keys:
            the_first_fingerprint_of_a_root_key_wins,
            a_signing_key_is_kept_as_it_was_given,
            a_new_signing_key_is_recorded_by_its_id,
            a_namespace_gets_its_first_key_once,
            a_key_that_another_node_made_meanwhile_is_enough,
            of_many_nodes_that_rotate_at_once_one_does,
            one_key_id_names_one_key,
            forgotten_keys_are_gone_and_the_others_stay,
            a_forgotten_key_and_a_new_root_key_are_recorded,
        }
        $crate::store_contract_cases! { once:
            an_account_is_made_once,
            a_taken_address_is_remembered_as_taken,
            a_sign_up_in_secret_is_remembered_by_the_id_it_was_answered_with,
            a_mail_is_ordered_once,
            a_password_is_changed_once_with_the_session_that_follows,
            a_refused_change_is_not_remembered,
            a_write_that_fails_leaves_no_record_behind,
            of_many_at_once_one_happens_and_all_hear_of_it,
            of_many_mails_and_changes_at_once_one_happens,
            a_record_counts_for_its_time_and_is_purged_after_it,
        }
        $crate::store_contract_cases! { outbox:
            an_order_is_kept_word_for_word,
            a_new_order_is_due_at_once,
            a_request_for_a_reset_is_recorded_without_address_and_account,
            a_notice_is_no_event_of_its_own,
            due_orders_are_leased_oldest_first_up_to_the_limit,
            the_order_that_has_been_due_for_longest_comes_first,
            a_lease_that_ends_makes_the_order_due_again_and_every_claim_counts,
            a_sent_order_is_over,
            a_retry_waits_as_long_as_it_is_told,
            a_dead_order_waits_for_an_operator,
            an_operator_retries_one_dead_order_or_all_with_a_fresh_count,
            a_result_for_an_order_that_is_over_changes_nothing,
            a_result_of_an_attempt_that_another_has_taken_over_changes_nothing,
            the_next_order_due_is_the_one_that_waits_the_least,
            orders_are_listed_oldest_first_up_to_the_limit,
            two_workers_never_hold_one_order,
            a_notice_outlives_the_change_of_what_it_tells,
        }
        $crate::store_contract_cases! { purge:
            an_ended_session_is_kept_for_its_time_and_then_purged,
            an_idle_session_is_kept_for_its_time_after_its_deadline,
            no_purge_removes_a_live_session_however_old,
            an_expired_reset_is_kept_for_its_time_and_then_purged,
            a_reset_stays_as_long_as_its_order_may_be_attempted,
            a_sent_order_is_kept_for_its_time_and_an_unsent_one_until_it_is_sent,
            an_order_is_kept_for_its_time_after_it_was_sent_not_after_it_was_written,
            an_event_is_kept_for_its_time_and_then_purged,
            a_purge_takes_a_batch_of_each_kind_at_a_time,
            a_purge_leaves_accounts_and_keys_alone,
        }
        $crate::store_contract_cases! { refresh_bearer:
            a_bearer_credential_of_the_current_generation_extends_and_moves_nothing,
            a_bearer_tokens_own_deadline_is_copied_on_and_never_extended,
            a_bearer_chain_ends_a_day_after_the_last_real_proof,
            a_bearer_chain_never_outlives_its_session,
            a_bearer_credential_of_an_older_generation_is_superseded_and_never_reuse,
            a_generation_that_never_was_is_not_trusted,
            whatever_is_presented_to_a_revoked_session_gets_the_reason,
            a_session_ends_at_its_idle_deadline_exactly,
            a_session_rotates_until_the_last_millisecond,
            a_session_ends_at_its_absolute_deadline_however_busy_it_is,
            an_expired_session_is_never_reuse,
            another_salt_is_not_this_session,
            another_namespace_or_id_is_no_session,
        }
        $crate::store_contract_cases! { refresh_full:
            the_current_generation_rotates_its_slot_alone,
            a_rotation_moves_the_idle_deadline_and_never_the_absolute_one,
            the_idle_deadline_stops_at_the_absolute_one,
            a_rotation_leaves_no_event,
            a_retry_within_the_grace_gets_the_same_successor_and_moves_nothing,
            a_grace_is_recorded_and_marked_when_the_client_is_another,
            rfc_9700_4_14_a_reused_refresh_token_ends_the_session,
            a_reuse_is_recorded_and_told_to_the_owner_once,
            a_reuse_leaves_the_users_other_sessions_alone,
            two_behind_within_the_grace_of_its_own_replacement_is_an_honest_latecomer,
            two_behind_whose_own_replacement_is_older_is_reuse,
            three_behind_is_reuse_even_within_the_grace,
            the_grace_ends_after_its_last_millisecond,
            without_a_grace_a_retry_in_the_same_millisecond_is_the_last,
            a_clock_that_is_put_back_makes_no_thief_of_an_owner,
        }
        $crate::store_contract_cases! { refresh_model:
            the_store_agrees_with_the_rules_at_every_step_of_a_random_walk,
        }
        $crate::store_contract_cases! { resets:
            a_reset_is_made_for_the_owner_of_the_address,
            a_reset_is_found_in_its_namespace_alone,
            asvs_6_3_8_a_stranger_gets_a_tombstone_and_no_mail,
            a_tombstone_stays_one,
            an_order_that_asks_for_no_reset_begins_none,
            an_order_of_another_namespace_finds_no_account_here,
            three_resets_live_at_once_and_a_fourth_is_not_sent,
            a_resend_after_a_crash_carries_the_same_link,
            a_link_that_surely_never_left_gets_a_new_expiry,
            a_link_that_may_have_left_is_kept_through_attempts_that_surely_did_not,
            a_link_whose_time_is_over_gets_a_new_expiry_though_it_may_have_left,
            a_late_resend_does_not_make_a_fourth_live_reset,
            an_order_from_before_a_change_of_the_credential_sends_nothing,
            a_redeemed_reset_does_all_of_it_in_one_write,
            a_reset_works_once,
            a_reset_works_until_its_expiry_and_not_at_it,
            a_reset_is_void_after_any_change_of_the_credential,
            a_reset_opens_no_other_account_than_its_own,
            a_reset_that_is_redeemed_by_fifty_at_once_is_redeemed_once,
        }
        $crate::store_contract_cases! { sessions:
            a_session_begins_as_it_was_asked_for,
            the_idle_deadline_is_never_after_the_absolute_one,
            a_sign_in_dates_the_account_and_is_recorded,
            a_rehash_is_stored_with_the_sign_in_and_raises_no_epoch,
            a_sign_in_that_was_overtaken_by_a_new_password_changes_nothing,
            no_session_opens_for_a_disabled_account_whatever_the_epoch,
            the_idlest_session_makes_room_for_a_new_one,
            a_lowered_limit_evicts_as_many_as_it_takes,
            sessions_that_do_not_live_need_no_room,
            a_session_is_found_with_its_owner_live_or_not,
            live_sessions_are_listed_by_their_latest_proof,
            a_session_is_listed_until_its_deadline_and_not_at_it,
            a_sign_out_ends_the_session_once,
            every_other_reason_is_a_revocation,
            nobody_ends_a_session_that_is_not_theirs,
            ending_a_session_whose_time_is_over_changes_nothing,
            the_other_sessions_end_and_the_calling_one_stays,
            a_global_sign_out_counts_the_live_ones_and_is_one_event,
            windows_beyond_the_end_of_time_are_capped,
        }
        $crate::store_contract_cases! { signed_in_again:
            asvs_7_2_4_the_session_that_the_browser_held_ends_as_the_new_one_begins,
            somebody_elses_session_in_the_same_browser_ends_too,
            a_cookie_whose_successor_was_lost_within_the_grace_still_ends_its_session,
            what_a_refresh_would_refuse_ends_nothing,
            a_sign_in_that_opens_nothing_ends_nothing,
            a_session_that_gives_way_makes_room_and_evicts_nobody,
            of_sign_ins_at_once_that_hold_one_session_one_ends_it,
            a_held_session_gives_way_whether_it_is_rotated_before_or_after,
        }
        $crate::store_contract_cases! { upkeep:
            the_stores_clock_stands_where_it_was_put,
            a_check_succeeds_and_leaves_nothing_that_anybody_sees,
            events_are_listed_newest_first_up_to_the_limit,
            an_event_names_who_caused_it,
            events_have_ids_of_their_own,
            a_backup_never_overwrites_a_file,
            a_restored_database_lets_nobody_in_with_what_it_knew,
            a_restore_is_one_event_of_the_whole_server,
            a_restore_keeps_the_reason_of_what_had_ended_before,
            a_restore_voids_resets_that_are_still_to_be_sent,
        }
        $crate::store_contract_cases! { verifications:
            a_proof_is_begun_for_the_owner_of_the_address,
            a_proof_is_found_in_its_namespace_alone,
            only_an_active_account_whose_address_is_not_proved_gets_a_proof,
            an_order_that_asks_for_no_proof_begins_none,
            a_request_for_a_proof_is_recorded_without_address_and_account,
            a_newer_order_voids_the_older_and_never_the_other_way_round,
            a_further_attempt_of_an_order_is_the_same_proof,
            a_proof_works_once_and_changes_nothing_else,
            a_proof_works_until_its_expiry_and_not_at_it,
            a_proof_proves_no_other_account_than_its_own,
            a_proof_is_void_after_any_change_of_the_credential,
            a_proof_that_is_used_by_fifty_at_once_is_used_once,
            an_operator_vouches_for_an_address_once,
            a_sign_up_in_secret_orders_the_mail_of_its_outcome,
            asvs_6_3_8_a_sign_up_in_secret_leaves_as_many_rows_whatever_its_outcome,
            of_many_sign_ups_in_secret_one_makes_the_account,
            a_sign_up_in_secret_is_of_its_namespace_alone,
            a_notice_of_a_sign_in_is_written_with_it_or_not_at_all,
            a_credential_says_whether_its_address_is_proved_and_whether_it_ever_signed_in,
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
        assert!(written.len() > 140);
        assert_eq!(written, listed());
    }
}

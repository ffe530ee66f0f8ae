//! The main job, end to end: `template.yaml` as it is, deployed to a local cloud of its own on free ports, and everything asked for
//! through the addresses that gates, drivers and the payment gateway use. One cloud serves all steps; each has its own cars.
#![allow(clippy::disallowed_methods, reason = "gates, phones and people act in real time")]

mod city;
mod commands;
mod crash;
mod desk;
mod gates;
mod journey;
mod load;
mod members;
mod occupancy;
mod points;
mod receipts;
mod refusals;
mod ways;
mod webhooks;
mod workbench;

use std::time::Instant;

use anyhow::Result;
use city::City;

/// What every step did; a step that fails does not keep the next from being tried.
#[derive(Default)]
struct Steps {
    failed: Vec<String>,
}

impl Steps {
    async fn step(&mut self, name: &str, step: impl Future<Output = Result<()>>) {
        let began = Instant::now();
        let outcome = step.await;
        let mark = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("step {name} ... {mark} ({:.1} s)", began.elapsed().as_secs_f32());
        if let Err(error) = outcome {
            self.failed.push(format!("{name}: {error:#}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_holds_through_the_deployed_template() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let city = City::start(folder.path()).await.unwrap();
    println!("deployed in {:.1} s", began.elapsed().as_secs_f32());
    let mut all = Steps::default();
    all.step("a_paid_car_leaves_and_its_day_is_settled", journey::paid_and_settled(&city)).await;
    all.step("a_car_that_pays_at_the_exit_is_let_out_by_command", commands::opened_at_once(&city)).await;
    all.step("a_silent_controller_is_asked_again_while_the_car_waits", commands::silent(&city)).await;
    all.step("a_pass_is_set_changed_and_taken_away_at_the_controller", commands::passes(&city)).await;
    all.step("a_car_that_comes_in_now_finds_the_barrier_open", gates::fresh_entry(&city)).await;
    all.step("a_late_entry_after_the_exit_completes_the_visit", gates::late_entry(&city)).await;
    all.step("a_member_s_card_is_charged_behind_the_car", members::charged_behind_the_car(&city)).await;
    all.step("a_member_whose_card_is_refused_leaves_and_owes", members::refused_card_owes(&city)).await;
    all.step("an_easy_payment_opens_the_barrier", ways::easy_pay(&city)).await;
    all.step("a_deposit_pays_and_until_then_the_barrier_stays_shut", ways::deposit(&city)).await;
    all.step("a_company_on_account_is_charged_nowhere", ways::company_on_account(&city)).await;
    all.step("a_company_s_own_card_is_charged_behind_its_car", ways::company_card(&city)).await;
    all.step("a_refused_charge_is_paid_by_the_notice_s_link", ways::refused_then_paid_by_link(&city)).await;
    all.step("an_operator_gives_a_part_of_it_back", ways::partly_refunded(&city)).await;
    all.step("points_pay_alone_and_beside_a_card_and_go_back", points::bought_spent_and_had_back(&city))
        .await;
    all.step("a_webhook_told_three_times_is_posted_once", webhooks::told_three_times(&city)).await;
    all.step("a_forged_webhook_changes_nothing_and_is_kept", webhooks::forged(&city)).await;
    all.step("a_stale_or_unreadable_webhook_is_refused_and_kept", webhooks::stale_and_unreadable(&city))
        .await;
    all.step("an_amount_nobody_asked_for_is_held_and_sent_back", webhooks::wrong_amount(&city)).await;
    all.step("a_worker_killed_in_mid_batch_counts_nothing_twice", crash::killed_in_mid_batch(&city)).await;
    all.step("no_webhook_of_hundreds_is_lost_by_killed_consumers", load::none_is_lost(&city)).await;
    all.step("a_cash_receipt_follows_its_deposit_and_its_refund", receipts::follows_the_money(&city)).await;
    all.step("a_month_s_books_are_closed_and_exported", receipts::books_of_a_month(&city)).await;
    all.step("a_tariff_is_quoted_and_checked_without_a_lot", workbench::quoted_and_checked(&city)).await;
    all.step("a_counter_and_sensors_tell_free_spaces_by_class", occupancy::told_by_class(&city)).await;
    all.step("a_drifted_counter_heals_by_a_recount", occupancy::recounted(&city)).await;
    all.step("an_exit_that_nothing_explains_is_let_out_by_a_person", desk::unexplained_exit(&city)).await;
    all.step("a_dispute_is_decided_and_its_driver_told", desk::dispute(&city)).await;
    all.step("a_gate_s_clock_a_day_ahead_loses_no_car_and_is_shown", desk::gate_health(&city)).await;
    all.step("a_gate_hears_why_it_is_refused_and_its_body_is_kept", refusals::of_gates(&city)).await;
    all.step("a_driver_hears_why_it_is_refused", refusals::of_drivers(&city)).await;
    all.step("nothing_was_given_up", city::nothing_given_up(&city)).await;
    if !all.failed.is_empty() {
        println!("{}", city.last_lines_of_the_log());
    }
    city.platform.stop().await.unwrap();
    assert!(all.failed.is_empty(), "{:#?}", all.failed);
}

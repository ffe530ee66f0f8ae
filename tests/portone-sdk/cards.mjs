// Registered cards and charges on schedule through PortOne's own server SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelKey, newId, payment, refused, register, sandbox, storeId } from "./sandbox.mjs";

const charge = (billingKey, paymentId, more = {}) =>
  payment.payWithBillingKey({ paymentId, billingKey, orderName: "주차요금", amount: { total: 3000 }, currency: "KRW", ...more });
const keys = payment.billingKey;
const schedules = payment.paymentSchedule;

test("a registered card is charged once under one id", async () => {
  const customer = { id: newId("driver"), name: { separated: { first: "길동", last: "홍" } }, email: "driver@example.invalid" };
  const billingKey = await register("4242424242424242", customer);
  const paymentId = newId("charge");
  const { payment: paid } = await charge(billingKey, paymentId, { customer, channelKey, noticeUrls: [] });
  const read = await payment.getPayment({ paymentId });
  assert.deepEqual([read.status, read.pgTxId, read.billingKey, read.customer.name], ["PAID", paid.pgTxId, billingKey, "길동 홍"]);
  await refused(charge(billingKey, paymentId), "ALREADY_PAID");
  await refused(charge(billingKey, newId("charge"), { amount: { total: 100, taxFree: 101 } }), "SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT");
  await refused(charge(billingKey, newId("charge"), { channelKey: "another" }), "CHANNEL_NOT_FOUND");
  await refused(charge("nobody", newId("charge")), "BILLING_KEY_NOT_FOUND");
});

test("the card company's refusals have their codes", async () => {
  for (const [card, code] of [["4000000000009995", "REJECT_CARD_PAYMENT"], ["4000000000009987", "INVALID_CARD_LOST_OR_STOLEN"]]) {
    const paymentId = newId("declined");
    const said = await refused(charge(await register(card), paymentId), "PG_PROVIDER");
    assert.equal(said.pgCode, code);
    assert.equal((await payment.getPayment({ paymentId })).failure.pgCode, code);
  }
  await refused(register("4242424242424241"), "PG_PROVIDER");
});

test("a card that approves late is pending meanwhile", async () => {
  const paymentId = newId("late");
  const answer = charge(await register("4000000000000077"), paymentId);
  const pending = await pollUntil(() => payment.getPayment({ paymentId }).catch(() => null), (one) => one);
  assert.equal(pending.status, "PAY_PENDING");
  const { payment: paid } = await answer;
  assert.equal((await payment.getPayment({ paymentId })).pgTxId, paid.pgTxId);
});

test("a billing key is read, listed and deleted, and then refuses charges", async () => {
  const customer = { id: newId("driver"), name: { full: "홍길동" } };
  const billingKey = await register("5555555555554444", customer);
  const read = await keys.getBillingKeyInfo({ billingKey, storeId });
  assert.deepEqual([read.status, read.methods[0].card.number, read.customer.name], ["ISSUED", "55555555****4444", "홍길동"]);
  const list = (filter) => keys.getBillingKeyInfos({ page: { number: 0, size: 5 }, sort: { by: "ISSUED_AT", order: "DESC" }, filter });
  assert.equal((await list({ customerId: customer.id })).items[0].billingKey, billingKey);
  await keys.deleteBillingKey({ billingKey, reason: "카드 교체", requester: "CUSTOMER" });
  await refused(keys.deleteBillingKey({ billingKey }), "BILLING_KEY_ALREADY_DELETED");
  assert.equal((await keys.getBillingKeyInfo({ billingKey })).status, "DELETED");
  assert.equal((await list({ customerId: customer.id, status: ["ISSUED"] })).page.totalCount, 0);
  await refused(charge(billingKey, newId("charge")), "BILLING_KEY_ALREADY_DELETED");
  await refused(keys.getBillingKeyInfo({ billingKey: "nobody" }), "BILLING_KEY_NOT_FOUND");
});

test("charges on schedule are made when their time comes, unless revoked", async () => {
  const billingKey = await register();
  const { now } = await sandbox("GET", "/clock");
  const day = (count) => new Date(Date.parse(now) + count * 86_400_000).toISOString();
  const plan = async (paymentId, timeToPay, key = billingKey) => {
    const body = { billingKey: key, orderName: "월정기 주차", amount: { total: 90000 }, currency: "KRW", channelKey };
    return (await schedules.createPaymentSchedule({ paymentId, payment: body, timeToPay })).schedule.id;
  };
  const [first, second] = [newId("monthly"), newId("monthly")];
  const scheduleIds = [await plan(first, day(30)), await plan(second, day(60))];
  await refused(plan(first, day(31)), "PAYMENT_SCHEDULE_ALREADY_EXISTS");
  await refused(charge(billingKey, first), "PAYMENT_SCHEDULE_ALREADY_EXISTS");
  await refused(plan(newId("monthly"), day(1), "nobody"), "BILLING_KEY_NOT_FOUND");
  const listed = await schedules.getPaymentSchedules({ filter: { billingKey, until: day(90) }, sort: { by: "TIME_TO_PAY", order: "ASC" } });
  assert.deepEqual(listed.items.map((one) => [one.id, one.status]), scheduleIds.map((id) => [id, "SCHEDULED"]));
  await sandbox("POST", "/clock", { to: day(31) });
  assert.equal((await schedules.getPaymentSchedule({ paymentScheduleId: scheduleIds[0] })).status, "SUCCEEDED");
  const paid = await payment.getPayment({ paymentId: first });
  assert.deepEqual([paid.status, paid.scheduleId, paid.amount.total], ["PAID", scheduleIds[0], 90000]);
  await refused(plan(first, day(40)), "ALREADY_PAID_OR_WAITING");
  const revoked = await schedules.revokePaymentSchedules({ billingKey });
  assert.deepEqual(revoked.revokedScheduleIds, [scheduleIds[1]]);
  assert.equal((await schedules.getPaymentSchedule({ paymentScheduleId: scheduleIds[1] })).status, "REVOKED");
  await refused(schedules.revokePaymentSchedules({ scheduleIds: [scheduleIds[1]] }), "PAYMENT_SCHEDULE_ALREADY_REVOKED");
  await refused(schedules.revokePaymentSchedules({ scheduleIds: [scheduleIds[0]] }), "PAYMENT_SCHEDULE_ALREADY_PROCESSED");
  await refused(schedules.getPaymentSchedule({ paymentScheduleId: "nobody" }), "PAYMENT_SCHEDULE_NOT_FOUND");
  const declined = newId("monthly");
  const failing = await plan(declined, day(45), await register("4000000000009995"));
  await sandbox("POST", "/clock", { to: day(46) });
  assert.equal((await schedules.getPaymentSchedule({ paymentScheduleId: failing })).status, "FAILED");
  assert.equal((await payment.getPayment({ paymentId: declined })).status, "FAILED");
});

async function pollUntil(ask, wanted) {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((done) => setTimeout(done, 10));
  }
  return assert.fail("it never came");
}

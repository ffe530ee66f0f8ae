// Webhooks as PortOne's own SDK verifies them. The clock is put forward meanwhile: signatures go by real time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "@portone/server-sdk";
import { env, listen, newId, pay, payment, refused, register, sandbox, storeId } from "./sandbox.mjs";

let shop;
before(async () => { shop = await listen(); });
after(() => shop.close());
const of = (type, paymentId) => shop.one((one) => one.type === type && one.data.paymentId === paymentId);

test("each change of a payment is told, and each webhook verifies", async () => {
  const paymentId = newId("told");
  await sandbox("POST", "/clock", { advanceSeconds: 86400 });
  await pay(paymentId, 3000, "VIRTUAL_ACCOUNT");
  await of("Transaction.Ready", paymentId);
  await of("Transaction.VirtualAccountIssued", paymentId);
  await sandbox("POST", `/payments/${paymentId}/deposit`);
  const paid = await of("Transaction.Paid", paymentId);
  assert.equal(paid.data.transactionId, (await payment.getPayment({ paymentId })).transactionId);
  assert.equal(paid.data.storeId, storeId);
  const refundAccount = { bank: "TOSS", number: "1", holderName: "홍길동" };
  for (const [amount, type] of [[1000, "Transaction.PartialCancelled"], [2000, "Transaction.Cancelled"]]) {
    const { cancellation } = await payment.cancelPayment({ paymentId, amount, reason: "정정", refundAccount });
    assert.equal((await of(type, paymentId)).data.cancellationId, cancellation.id);
  }
  assert.deepEqual(shop.heard.filter((one) => one.type.startsWith("refused")), []);
});

test("a changed body, another secret and a missing header do not verify", async () => {
  const paymentId = newId("tampered");
  await pay(paymentId, 3000);
  const { body, headers } = (await of("Transaction.Paid", paymentId)).raw;
  const reason = (secret, text, given) => Webhook.verify(secret, text, given).then(() => "verified", (error) => error.reason);
  assert.equal(await reason(env("WEBHOOK_SECRET"), body, headers), "verified");
  assert.equal(await reason(env("WEBHOOK_SECRET"), body.replace(paymentId, "another"), headers), "NO_MATCHING_SIGNATURE");
  assert.equal(await reason("whsec_AAAA", body, headers), "NO_MATCHING_SIGNATURE");
  assert.equal(await reason(env("WEBHOOK_SECRET"), body, { ...headers, "webhook-id": undefined }), "MISSING_REQUIRED_HEADERS");
});

test("a billing key is told from its page to its deletion", async () => {
  const billingKey = await register();
  await payment.billingKey.deleteBillingKey({ billingKey });
  for (const type of ["BillingKey.Ready", "BillingKey.Issued", "BillingKey.Deleted"]) {
    const told = await shop.one((one) => one.type === type && one.data.billingKey === billingKey);
    assert.deepEqual(told.data, { billingKey, storeId });
  }
});

test("a webhook is sent again under its own id", async () => {
  const paymentId = newId("again");
  await pay(paymentId, 3000);
  const paid = await of("Transaction.Paid", paymentId);
  const { webhook } = await payment.resendWebhook({ paymentId, webhookId: paid.id });
  assert.equal(webhook.id, paid.id);
  await shop.one((one) => one !== paid && one.id === paid.id);
  await refused(payment.resendWebhook({ paymentId, webhookId: "nobody" }), "WEBHOOK_NOT_FOUND");
  await refused(payment.resendWebhook({ paymentId: newId("nobody") }), "PAYMENT_NOT_FOUND");
});

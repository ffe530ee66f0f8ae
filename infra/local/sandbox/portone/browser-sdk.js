// The windows of the sandbox behind the calls that PortOne's browser SDK documents:
// PortOne.requestPayment({ storeId, channelKey, paymentId, orderName, totalAmount, currency, payMethod, redirectUrl, ... })
// PortOne.requestIssueBillingKey({ storeId, channelKey, billingKeyMethod, issueId, issueName, customer, redirectUrl, ... })
// On a phone (or with forceRedirect) the page leaves for the window and comes back to redirectUrl; elsewhere the window
// opens over the page and the promise answers { transactionType, txId, paymentId, paymentToken?, code?, message? }, or
// { transactionType, billingKey, code?, message?, pgCode?, pgMessage? }.
(function () {
  "use strict";
  const base = new URL(document.currentScript.src).origin;
  const onPhone = () => /Android|iPhone|iPad|Mobile/i.test(navigator.userAgent);

  function address(path, fields) {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
    }
    return url.href;
  }

  function paymentUrl(request, kind) {
    const expiry = request.virtualAccount && request.virtualAccount.accountExpiry;
    return address("/checkout", {
      storeId: request.storeId, channelKey: request.channelKey, paymentId: request.paymentId,
      orderName: request.orderName, totalAmount: request.totalAmount, taxFreeAmount: request.taxFreeAmount,
      currency: String(request.currency || "KRW").replace(/^CURRENCY_/, ""),
      payMethod: request.payMethod, redirectUrl: request.redirectUrl, window: kind,
      depositHours: expiry && expiry.validHours,
      customerName: request.customer && request.customer.fullName,
      customData: request.customData && JSON.stringify(request.customData),
      noticeUrl: request.noticeUrls && request.noticeUrls[0],
    });
  }

  function issueUrl(request, kind) {
    const customer = request.customer || {};
    return address("/issue", {
      storeId: request.storeId, channelKey: request.channelKey, billingKeyMethod: request.billingKeyMethod,
      issueId: request.issueId, issueName: request.issueName, redirectUrl: request.redirectUrl, window: kind,
      customerId: customer.customerId, customerName: customer.fullName,
      customData: request.customData && JSON.stringify(request.customData),
      noticeUrl: request.noticeUrls && request.noticeUrls[0],
    });
  }

  function overlay(url) {
    const frame = document.createElement("iframe");
    frame.src = url;
    frame.title = "결제 · Payment";
    frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;border:0;z-index:2147483647;background:#0008";
    document.body.append(frame);
    return { source: () => frame.contentWindow, close: () => frame.remove(), closed: () => false };
  }

  function popup(url) {
    const opened = window.open(url, "portone-sandbox", "width=460,height=780");
    return { source: () => opened, close: () => {}, closed: () => !opened || opened.closed };
  }

  // Opens a window as the request wants it; `closed` is the answer when the person closes it.
  function ask(name, needed, request, urlOf, closed) {
    for (const field of needed) {
      if (request[field] === undefined) return Promise.reject(new Error(`${name}: ${field} is missing`));
    }
    const wanted = request.windowType && (onPhone() ? request.windowType.mobile : request.windowType.pc);
    const kind = request.forceRedirect ? "REDIRECTION" : wanted || (onPhone() ? "REDIRECTION" : "IFRAME");
    if (kind === "REDIRECTION") {
      if (!request.redirectUrl) return Promise.reject(new Error(`${name}: redirectUrl is needed here`));
      location.href = urlOf(request, "");
      return new Promise(() => {});
    }
    return new Promise((resolve) => {
      const view = kind === "POPUP" ? popup(urlOf(request, "popup")) : overlay(urlOf(request, "iframe"));
      const finish = (outcome) => {
        removeEventListener("message", listen);
        clearInterval(watch);
        view.close();
        resolve(outcome);
      };
      const listen = (event) => {
        const ours = event.origin === base && event.source === view.source();
        if (ours && event.data && event.data.source === "portone-sandbox") finish(event.data.outcome);
      };
      const watch = setInterval(() => {
        if (view.closed()) finish({ ...closed, code: "USER_CANCEL", message: "창을 닫았습니다." });
      }, 500);
      addEventListener("message", listen);
    });
  }

  function requestPayment(request) {
    const needed = ["storeId", "paymentId", "orderName", "totalAmount", "currency", "payMethod"];
    const closed = { transactionType: "PAYMENT", txId: "", paymentId: request.paymentId };
    return ask("requestPayment", needed, request, paymentUrl, closed);
  }

  function requestIssueBillingKey(request) {
    const closed = { transactionType: "ISSUE_BILLING_KEY", billingKey: "" };
    return ask("requestIssueBillingKey", ["storeId", "billingKeyMethod"], request, issueUrl, closed);
  }

  window.PortOne = { requestPayment, requestIssueBillingKey };
})();

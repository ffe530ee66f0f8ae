// The payment window of the sandbox behind the call that PortOne's browser SDK documents:
// PortOne.requestPayment({ storeId, channelKey, paymentId, orderName, totalAmount, currency, payMethod, redirectUrl, ... })
// On a phone (or with forceRedirect) the page leaves for the window and comes back to redirectUrl; elsewhere the window
// opens over the page and the promise answers { transactionType, txId, paymentId, code?, message? }.
(function () {
  "use strict";
  const base = new URL(document.currentScript.src).origin;
  const onPhone = () => /Android|iPhone|iPad|Mobile/i.test(navigator.userAgent);

  function windowUrl(request, kind) {
    const currency = String(request.currency || "KRW").replace(/^CURRENCY_/, "");
    const expiry = request.virtualAccount && request.virtualAccount.accountExpiry;
    const fields = {
      storeId: request.storeId, channelKey: request.channelKey, paymentId: request.paymentId,
      orderName: request.orderName, totalAmount: request.totalAmount, taxFreeAmount: request.taxFreeAmount,
      currency, payMethod: request.payMethod, redirectUrl: request.redirectUrl, window: kind,
      depositHours: expiry && expiry.validHours,
      customerName: request.customer && request.customer.fullName,
      customData: request.customData && JSON.stringify(request.customData),
    };
    const url = new URL("/checkout", base);
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
    }
    return url.href;
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

  function requestPayment(request) {
    for (const name of ["storeId", "paymentId", "orderName", "totalAmount", "currency", "payMethod"]) {
      if (request[name] === undefined) return Promise.reject(new Error(`requestPayment: ${name} is missing`));
    }
    const wanted = request.windowType && (onPhone() ? request.windowType.mobile : request.windowType.pc);
    const kind = request.forceRedirect ? "REDIRECTION" : wanted || (onPhone() ? "REDIRECTION" : "IFRAME");
    if (kind === "REDIRECTION") {
      if (!request.redirectUrl) return Promise.reject(new Error("requestPayment: redirectUrl is needed here"));
      location.href = windowUrl(request, "");
      return new Promise(() => {});
    }
    return new Promise((resolve) => {
      const view = kind === "POPUP" ? popup(windowUrl(request, "popup")) : overlay(windowUrl(request, "iframe"));
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
        if (view.closed()) {
          finish({ transactionType: "PAYMENT", txId: "", paymentId: request.paymentId, code: "USER_CANCEL", message: "창을 닫았습니다." });
        }
      }, 500);
      addEventListener("message", listen);
    });
  }

  window.PortOne = { requestPayment };
})();

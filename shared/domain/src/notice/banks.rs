//! Banks as people in Korea call them.

/// The Korean name of a bank that the payment gateway names in capitals; a name it does not know stays as it is.
/// Source: the `Bank` enumeration of PortOne's V2 API, those that issue virtual accounts or hold people's money.
pub(super) fn korean_name(bank: &str) -> &str {
    match bank {
        "KDB" => "산업은행",
        "IBK" => "기업은행",
        "KOOKMIN" => "국민은행",
        "SUHYUP" => "수협은행",
        "NONGHYUP" => "농협은행",
        "LOCAL_NONGHYUP" => "지역농축협",
        "WOORI" => "우리은행",
        "STANDARD_CHARTERED" => "SC제일은행",
        "CITI" => "한국씨티은행",
        "DAEGU" => "아이엠뱅크",
        "BUSAN" => "부산은행",
        "KWANGJU" => "광주은행",
        "JEJU" => "제주은행",
        "JEONBUK" => "전북은행",
        "KYONGNAM" => "경남은행",
        "KFCC" => "새마을금고",
        "SHINHYUP" => "신협",
        "SAVINGS_BANK" => "저축은행",
        "NFCF" => "산림조합",
        "POST" => "우체국",
        "HANA" => "하나은행",
        "SHINHAN" => "신한은행",
        "K_BANK" => "케이뱅크",
        "KAKAO" => "카카오뱅크",
        "TOSS" => "토스뱅크",
        other => other,
    }
}

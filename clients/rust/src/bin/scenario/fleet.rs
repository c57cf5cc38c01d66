use tonic::Code;
use wa_privacy_client::{
    Failure,
    v1::{
        ApplyPrivacySettingsRequest, ErrorReason, ListInstancesRequest, Privacy, ReadReceiptsMode,
        apply_privacy_settings_response::Result as End, instance::State,
    },
};

use crate::{
    Linked, Scene,
    check::{check, must, must_fail, told},
};

pub async fn applying(scene: &mut Scene, desk: &Linked, shop: &Linked) {
    let request = ApplyPrivacySettingsRequest {
        instances: vec![desk.instance.clone(), shop.instance.clone(), "nobody".into()],
        privacy: Some(Privacy { read_receipts: Some(ReadReceiptsMode::None.into()), ..Default::default() }),
        ..Default::default()
    };
    let mut stream = must(scene.privacy.apply_privacy_settings(request).await).into_inner();
    let mut ends = vec![String::new(); 3];
    let last = loop {
        match stream.message().await {
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
            Ok(Some(end)) => {
                ends[end.index as usize] = match end.result {
                    Some(End::Success(success)) => told(&success.outcomes),
                    Some(End::Error(status)) => format!("{:?}", Failure::from(&status).reason),
                    None => String::new(),
                }
            }
        }
    };
    let each = ["READ_RECEIPTS UNCHANGED", "READ_RECEIPTS APPLIED", "InstanceNotFound"];
    check(ends == each, "each by itself", ends);
    let failure = must_fail(last, Code::Aborted, ErrorReason::PartialUpdate);
    let sum = failure.apply.unwrap_or_default();
    check(sum.succeeded_count == 2 && sum.failed_indexes == [2], "and in sum", sum);
}

pub async fn paging(scene: &mut Scene) {
    let mut request = ListInstancesRequest { page_size: 2, ..Default::default() };
    let mut pages = Vec::new();
    loop {
        let page = must(scene.instances.list_instances(request.clone()).await).into_inner();
        pages.push(page.instances.into_iter().map(|instance| instance.name).collect::<Vec<_>>());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    check(pages == [vec!["desk", "shop"], vec!["spare"]], "each instance once, by name", pages);

    request.state = State::Connected.into();
    let other_filter = scene.instances.list_instances(request).await;
    must_fail(other_filter, Code::InvalidArgument, ErrorReason::InvalidRequest);
}

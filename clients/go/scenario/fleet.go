package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	v1 "waprivacy/v1"
)

func applying(ctx context.Context, s *scene) {
	stream := must(s.privacy.ApplyPrivacySettings(ctx, &v1.ApplyPrivacySettingsRequest{
		Instances: []string{s.desk.instance, s.shop.instance, "nobody"},
		Privacy:   &v1.Privacy{ReadReceipts: v1.ReadReceiptsMode_READ_RECEIPTS_MODE_NONE.Enum()},
	}))
	ends := make([]string, 3)
	var last error
	for last == nil {
		var end *v1.ApplyPrivacySettingsResponse
		if end, last = stream.Recv(); last != nil {
			break
		}
		if failed := end.GetError(); failed != nil {
			mustFail(status.ErrorProto(failed), codes.NotFound, v1.ErrorReason_ERROR_REASON_INSTANCE_NOT_FOUND)
			ends[end.Index] = "NOT_FOUND"
		} else {
			ends[end.Index] = told(end.GetSuccess().Outcomes)
		}
	}
	check(!errors.Is(last, io.EOF), "a stream ends with an error when an instance failed")
	check(slices.Equal(ends, []string{"READ_RECEIPTS UNCHANGED", "READ_RECEIPTS APPLIED", "NOT_FOUND"}), "each by itself: %v", ends)
	failure := mustFail(last, codes.Aborted, v1.ErrorReason_ERROR_REASON_PARTIAL_UPDATE)
	check(failure.Apply.GetSucceededCount() == 2 && slices.Equal(failure.Apply.FailedIndexes, []int32{2}), "and in sum: %v", failure.Apply)
}

func paging(ctx context.Context, s *scene) {
	var names []string
	request := &v1.ListInstancesRequest{PageSize: 2}
	for pages := 1; ; pages++ {
		page := must(s.instances.ListInstances(ctx, request))
		for _, instance := range page.Instances {
			names = append(names, instance.Name)
		}
		if page.NextPageToken == "" {
			check(pages == 2, "three instances are on two pages, not %d", pages)
			break
		}
		request.PageToken = page.NextPageToken
	}
	check(slices.Equal(names, []string{"desk", "shop", "spare"}), "each instance once, by name: %v", names)

	_, err := s.instances.ListInstances(ctx, &v1.ListInstancesRequest{
		PageToken: request.PageToken,
		State:     v1.Instance_STATE_CONNECTED,
	})
	mustFail(err, codes.InvalidArgument, v1.ErrorReason_ERROR_REASON_INVALID_REQUEST)
}

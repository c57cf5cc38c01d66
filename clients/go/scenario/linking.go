package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	v1 "waprivacy/v1"
)

func linking(ctx context.Context, s *scene) {
	s.desk = s.link(ctx, "desk", "15550100501")
	s.shop = s.link(ctx, "shop", "15550100502")

	s.create(ctx, "spare")
	_, err := s.privacy.GetPrivacySettings(ctx, &v1.GetPrivacySettingsRequest{Instance: "spare"})
	mustFail(err, codes.FailedPrecondition, v1.ErrorReason_ERROR_REASON_INSTANCE_NOT_LINKED)
	_, err = s.instances.CreateInstance(ctx, &v1.CreateInstanceRequest{Name: "spare"})
	mustFail(err, codes.AlreadyExists, v1.ErrorReason_ERROR_REASON_INSTANCE_ALREADY_EXISTS)
}

// create makes an instance; with its request_id it could be repeated after a lost answer.
func (s *scene) create(ctx context.Context, name string) string {
	request := &v1.CreateInstanceRequest{Name: name, RequestId: uuid.NewString()}
	made := must(s.instances.CreateInstance(ctx, request))
	check(strings.HasPrefix(made.Secret, "wap_"), "a new instance comes with the secret of its token")
	return made.Secret
}

func (s *scene) link(ctx context.Context, name, phoneNumber string) linked {
	s.phones.addPhone(phoneNumber)
	secret := s.create(ctx, name)
	stream := must(s.instances.LinkInstance(ctx, &v1.LinkInstanceRequest{
		Instance: name,
		Method:   &v1.LinkInstanceRequest_Qr_{Qr: &v1.LinkInstanceRequest_Qr{}},
	}))
	var last *v1.Instance
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err == nil, "%v", err)
		switch event := message.Event.(type) {
		case *v1.LinkInstanceResponse_QrCode_: // Draw each as it comes; as a rule not the first one links.
			s.phones.scan(phoneNumber, event.QrCode.Payload)
		case *v1.LinkInstanceResponse_Linked:
			last = event.Linked
		}
	}
	check(strings.HasSuffix(last.GetMaskedPhoneNumber(), phoneNumber[len(phoneNumber)-4:]), "the phone is linked: %v", last)
	return linked{name, phoneNumber, secret}
}

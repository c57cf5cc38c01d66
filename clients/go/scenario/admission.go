package main

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

// The common name of the caller's certificate.
const certificateSubject = "desk.example.com"

func admission(ctx context.Context, s *scene) {
	stranger := s.options
	stranger.Token = "wap_unknown"
	mustFail(listAs(ctx, stranger), codes.Unauthenticated, v1.ErrorReason_ERROR_REASON_TOKEN_INVALID)
	if s.options.CertFile != "" {
		mutualTLS(ctx, s)
	}
}

func mutualTLS(ctx context.Context, s *scene) {
	anonymous := s.options
	anonymous.CertFile = ""
	err := listAs(ctx, anonymous)
	mustFail(err, codes.Unavailable, v1.ErrorReason_ERROR_REASON_UNSPECIFIED)
	check(strings.Contains(err.Error(), "certificate"), "the lack of a certificate is named: %v", err)

	bound := s.options
	bound.Token = s.boundToken(ctx, certificateSubject)
	check(listAs(ctx, bound) == nil, "a token works with the certificate that it is bound to")
	bound.Token = s.boundToken(ctx, "another.example.com")
	mustFail(listAs(ctx, bound), codes.Unauthenticated, v1.ErrorReason_ERROR_REASON_CERTIFICATE_MISMATCH)
}

func (s *scene) boundToken(ctx context.Context, subject string) string {
	return must(s.tokens.CreateToken(ctx, &v1.CreateTokenRequest{
		Kind:               v1.Token_KIND_ACCOUNT,
		Access:             v1.Token_ACCESS_READ_ONLY,
		CertificateSubject: subject,
	})).Secret
}

func listAs(ctx context.Context, options waprivacy.Options) error {
	connection := connect(options)
	defer func() { _ = connection.Close() }()
	_, err := v1.NewInstanceServiceClient(connection).ListInstances(ctx, &v1.ListInstancesRequest{})
	return err
}

package main

import (
	"context"
	"os"
	"time"

	"google.golang.org/grpc/codes"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

// The token of the instance is enough, and has calls of its own.
func rateLimit(ctx context.Context, s *scene) {
	options := s.options
	options.Token = s.shop.secret
	connection := connect(options)
	defer func() { _ = connection.Close() }()
	privacy := v1.NewPrivacyServiceClient(connection)
	get := func() (*v1.GetPrivacySettingsResponse, error) {
		return privacy.GetPrivacySettings(ctx, &v1.GetPrivacySettingsRequest{Instance: s.shop.instance})
	}

	var err error
	for err == nil {
		_, err = get()
	}
	failure := mustFail(err, codes.ResourceExhausted, v1.ErrorReason_ERROR_REASON_RATE_LIMITED)
	check(failure.RetryDelay > 0, "it is told when to call again")
	must(waprivacy.Retry(ctx, get))
}

// What the service config of this folder's neighbour does: copy it.
const serviceConfigFile = "../service-config.json"

func retrying(ctx context.Context, s *scene) {
	options := s.options
	options.ServiceConfig = string(must(os.ReadFile(serviceConfigFile)))
	connection := connect(options)
	defer func() { _ = connection.Close() }()
	privacy := v1.NewPrivacyServiceClient(connection)
	request := &v1.GetPrivacySettingsRequest{Instance: s.desk.instance}

	s.phones.inject(
		object{"on": "privacy_get", "phoneNumber": s.desk.phoneNumber}, object{"do": "refuse", "code": 503}, 1)
	must(privacy.GetPrivacySettings(ctx, request))

	// The next attempt is minutes away: no client can wait for it, and the details must not be lost over that.
	s.phones.refuseClients(s.desk.phoneNumber)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := privacy.GetPrivacySettings(ctx, request)
	failure := mustFail(err, codes.Unavailable, v1.ErrorReason_ERROR_REASON_CLIENT_OUTDATED)
	check(failure.RetryDelay > 20*time.Second, "the delay is told all the same: %v", failure.RetryDelay)
}

package main

import (
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc/codes"

	waprivacy "waprivacy"
	v1 "waprivacy/v1"
)

// check ends the program where something is not as the contract says.
func check(isSo bool, format string, values ...any) {
	if !isSo {
		fmt.Printf("NOT AS THE CONTRACT SAYS: "+format+"\n", values...)
		os.Exit(1)
	}
}

// must is for what has to go well.
func must[T any](value T, err error) T {
	check(err == nil, "%v", err)
	return value
}

// mustFail returns what the error of a call says that has to fail like this.
func mustFail(err error, code codes.Code, reason v1.ErrorReason) waprivacy.Failure {
	failure := waprivacy.FailureOf(err)
	check(failure.Code == code && failure.Reason == reason, "%v %v was expected, not: %v %s", code, reason, err, failure.ReasonText)
	return failure
}

// told is each outcome in short: `LAST_SEEN APPLIED, GROUP_ADD FAILED`.
func told(outcomes []*v1.SettingOutcome) string {
	words := make([]string, len(outcomes))
	for i, outcome := range outcomes {
		setting := strings.TrimPrefix(outcome.Setting.String(), "PRIVACY_SETTING_")
		words[i] = setting + " " + strings.TrimPrefix(outcome.State.String(), "STATE_")
	}
	return strings.Join(words, ", ")
}

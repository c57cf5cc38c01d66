package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// simulator is the control interface of the simulated WhatsApp: phones, and faults.
type simulator struct{ url string }

type object = map[string]any

func (s simulator) addPhone(number string) { s.send("POST", "/phones", object{"phoneNumber": number}) }

// scan points the phone's camera at a QR code. Not every code links; another one follows then.
func (s simulator) scan(number, qr string) {
	s.send("POST", "/phones/"+number+"/scan", object{"qr": qr})
}

func (s simulator) setOnPhone(number, category, value string) {
	s.send("PUT", "/phones/"+number+"/settings/"+category, object{"value": value})
}

func (s simulator) settingsOf(number string) map[string]string {
	var phone struct{ Settings map[string]string }
	check(json.Unmarshal(s.send("GET", "/phones/"+number, nil), &phone) == nil, "a phone with settings")
	return phone.Settings
}

// inject makes something go wrong; times is a number or "always".
func (s simulator) inject(match, effect object, times any) {
	s.send("POST", "/faults", object{"match": match, "effect": effect, "times": times})
}

func (s simulator) clearFaults() { s.send("DELETE", "/faults", nil) }

// refuseClients makes WhatsApp refuse the version that the service announces, and ends the phone's connections.
func (s simulator) refuseClients(number string) {
	s.send("PATCH", "/behaviour", object{"refuseClients": true})
	s.send("POST", "/phones/"+number+"/drop", object{"how": "close"})
}

func (s simulator) send(method, path string, body object) []byte {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(must(json.Marshal(body)))
	}
	request := must(http.NewRequest(method, s.url+path, content))
	request.Header.Set("content-type", "application/json")
	response := must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	answer := must(io.ReadAll(response.Body))
	if response.StatusCode != http.StatusOK {
		panic(fmt.Sprintf("%s %s: %s", method, path, answer))
	}
	return answer
}

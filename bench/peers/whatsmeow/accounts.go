package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"net/url"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// How many log in at the same time.
const dials = 64

// By phone number.
type accounts map[string]*whatsmeow.Client

func accountsOf(devices []*store.Device, address string, onOpen func()) (accounts, error) {
	whatsApp, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	web := &http.Client{Transport: towards(whatsApp)}
	all := make(accounts, len(devices))
	for _, device := range devices {
		client := whatsmeow.NewClient(device, nil)
		client.SetWebsocketHTTPClient(web)
		client.AddEventHandler(func(event any) {
			if _, ok := event.(*events.Connected); ok {
				onOpen()
			}
		})
		all[device.ID.User] = client
	}
	return all, nil
}

func (all accounts) connect(ctx context.Context) {
	free := make(chan struct{}, dials)
	for _, client := range all {
		free <- struct{}{}
		go func() {
			if err := client.ConnectContext(ctx); err != nil {
				log.Fatal(err)
			}
			<-free
		}()
	}
}

func (all accounts) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts/{phone}", all.get)
	mux.HandleFunc("PATCH /accounts/{phone}", all.patch)
	return mux
}

func (all accounts) get(response http.ResponseWriter, request *http.Request) {
	answer(response, all[request.PathValue("phone")].GetPrivacySettings(request.Context()))
}

// The body says which settings are to be changed, in order.
func (all accounts) patch(response http.ResponseWriter, request *http.Request) {
	var changes []struct {
		Category types.PrivacySettingType `json:"category"`
		Value    types.PrivacySetting     `json:"value"`
	}
	if err := json.NewDecoder(request.Body).Decode(&changes); err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	client := all[request.PathValue("phone")]
	for _, change := range changes {
		if _, err := client.SetPrivacySetting(request.Context(), change.Category, change.Value); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	answer(response, client.GetPrivacySettings(request.Context()))
}

func answer(response http.ResponseWriter, settings types.PrivacySettings) {
	response.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(response).Encode(map[types.PrivacySettingType]types.PrivacySetting{
		types.PrivacySettingTypeLastSeen:     settings.LastSeen,
		types.PrivacySettingTypeStatus:       settings.Status,
		types.PrivacySettingTypeProfile:      settings.Profile,
		types.PrivacySettingTypeOnline:       settings.Online,
		types.PrivacySettingTypeReadReceipts: settings.ReadReceipts,
		types.PrivacySettingTypeCallAdd:      settings.CallAdd,
		types.PrivacySettingTypeGroupAdd:     settings.GroupAdd,
	})
}

// Sends what is meant for WhatsApp to another address.
func towards(whatsApp *url.URL) http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		there := request.Clone(request.Context())
		there.URL = &url.URL{Scheme: "http", Host: whatsApp.Host, Path: whatsApp.Path}
		there.Host = whatsApp.Host
		return transport.RoundTrip(there)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (send roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return send(request) }

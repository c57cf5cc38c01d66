package main

import (
	"context"

	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// Fewer would make the library upload new ones at login.
const preKeys = 5

// What linking leaves behind, whichever library linked; keys are the private halves.
type linkedDevice struct {
	JID            types.JID `json:"jid"`
	LID            types.JID `json:"lid"`
	RegistrationID uint32    `json:"registrationId"`
	NoiseKey       []byte    `json:"noiseKey"`
	IdentityKey    []byte    `json:"identityKey"`
	SignedPreKey   struct {
		ID        uint32 `json:"id"`
		Key       []byte `json:"key"`
		Signature []byte `json:"signature"`
	} `json:"signedPreKey"`
	AdvSecret []byte `json:"advSecret"`
	Account   struct {
		Details             []byte `json:"details"`
		AccountSignature    []byte `json:"accountSignature"`
		AccountSignatureKey []byte `json:"accountSignatureKey"`
		DeviceSignature     []byte `json:"deviceSignature"`
	} `json:"account"`
	Platform string `json:"platform"`
	PushName string `json:"pushName"`
}

// Leaves the database as a first login does, so that the next one has nothing to make up for.
func (linked linkedDevice) storeIn(ctx context.Context, container *sqlstore.Container) error {
	pair := func(private []byte) *keys.KeyPair { return keys.NewKeyPairFromPrivateKey([32]byte(private)) }
	signature := [64]byte(linked.SignedPreKey.Signature)
	device := &store.Device{
		ID:             &linked.JID,
		LID:            linked.LID,
		RegistrationID: linked.RegistrationID,
		NoiseKey:       pair(linked.NoiseKey),
		IdentityKey:    pair(linked.IdentityKey),
		SignedPreKey: &keys.PreKey{
			KeyPair:   *pair(linked.SignedPreKey.Key),
			KeyID:     linked.SignedPreKey.ID,
			Signature: &signature,
		},
		AdvSecretKey: linked.AdvSecret,
		Account: &waAdv.ADVSignedDeviceIdentity{
			Details:             linked.Account.Details,
			AccountSignature:    linked.Account.AccountSignature,
			AccountSignatureKey: linked.Account.AccountSignatureKey,
			DeviceSignature:     linked.Account.DeviceSignature,
		},
		Platform: linked.Platform,
		PushName: linked.PushName,
	}
	if err := container.PutDevice(ctx, device); err != nil {
		return err
	}
	made, err := device.PreKeys.GetOrGenPreKeys(ctx, preKeys)
	if err != nil {
		return err
	}
	if err := device.PreKeys.MarkPreKeysAsUploaded(ctx, made[len(made)-1].KeyID); err != nil {
		return err
	}
	return device.LIDs.PutLIDMapping(ctx, linked.LID.ToNonAD(), linked.JID.ToNonAD())
}

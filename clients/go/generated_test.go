package waprivacy

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

func TestGeneratedCodeIsThatOfTheContract(t *testing.T) {
	bytes, err := os.ReadFile("../../gen/descriptor.binpb")
	if err != nil {
		t.Fatal(err)
	}
	contract := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(bytes, contract); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range contract.File {
		if !strings.HasPrefix(file.GetName(), "whatsapp/") {
			continue
		}
		compared++
		file.SourceCodeInfo = nil // Comments are not generated into descriptors.
		generated, err := protoregistry.GlobalFiles.FindFileByPath(file.GetName())
		if err != nil || !proto.Equal(protodesc.ToFileDescriptorProto(generated), file) {
			t.Errorf("%s has changed: go generate", file.GetName())
		}
	}
	if compared == 0 {
		t.Error("there is no file of the contract")
	}
}

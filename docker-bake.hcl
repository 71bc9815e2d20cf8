# The images of a release, for both architectures, each with its list of parts (SBOM) and of how it was made (provenance):
#   REGISTRY=ghcr.io/you VERSION=1.2.3 REVISION=$(git rev-parse HEAD) docker buildx bake -f docker-bake.hcl --push
variable "REGISTRY" { default = "quartet" }
variable "VERSION" { default = "0.1.0" }
variable "REVISION" { default = "" }

target "default" {
  name      = image
  matrix    = { image = ["user", "order", "upload", "chat", "envoy"] }
  target    = image
  tags      = ["${REGISTRY}/${image}:${VERSION}"]
  args      = { VERSION = VERSION, REVISION = REVISION }
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
}

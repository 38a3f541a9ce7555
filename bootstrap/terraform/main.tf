# Evenkeel in one Region, as a CloudFormation stack that Terraform carries out.
#
#   evenkeel package --region eu-west-1 --system-file shop.toml --out dist/eu-west-1
#
#   module "evenkeel" {
#     source  = "./bootstrap/terraform"
#     package = "${path.root}/dist/eu-west-1"
#   }
#
# One module for each Region in which a system lives, each with the provider of its Region. The stack is what Evenkeel itself would
# deploy: the template is the one that `evenkeel package` wrote, and nothing of it is said a second time here.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "package" {
  description = "The folder that `evenkeel package --out` wrote"
  type        = string
}

variable "bucket" {
  description = "A bucket of yours for the code, in the same Region; without one, one is made"
  type        = string
  default     = null
}

variable "stack_name" {
  description = "What the stack is called; `evenkeel deploy` would call it evenkeel"
  type        = string
  default     = "evenkeel"
}

data "aws_caller_identity" "this" {}

data "aws_region" "this" {}

data "aws_partition" "this" {}

locals {
  files    = fileset(var.package, "evenkeel/*/*")
  prefixes = distinct([for file in local.files : dirname(file)])
  bucket   = var.bucket == null ? aws_s3_bucket.code[0].bucket : var.bucket
}

resource "aws_s3_bucket" "code" {
  count  = var.bucket == null ? 1 : 0
  bucket = "evenkeel-code-${data.aws_caller_identity.this.account_id}-${data.aws_region.this.name}"
}

resource "aws_s3_bucket_public_access_block" "code" {
  count                   = var.bucket == null ? 1 : 0
  bucket                  = aws_s3_bucket.code[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "code" {
  count  = var.bucket == null ? 1 : 0
  bucket = aws_s3_bucket.code[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

# A key says what is in it, so an object is never changed: other code has other keys.
resource "aws_s3_object" "code" {
  for_each = local.files
  bucket   = local.bucket
  key      = each.value
  source   = "${var.package}/${each.value}"
}

resource "aws_s3_object" "template" {
  bucket = local.bucket
  key    = "evenkeel/templates/${filesha256("${var.package}/template.json")}.json"
  source = "${var.package}/template.json"
}

resource "aws_cloudformation_stack" "evenkeel" {
  name         = var.stack_name
  template_url = "https://${local.bucket}.s3.${data.aws_region.this.name}.${data.aws_partition.this.dns_suffix}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    CodeBucket = local.bucket
    CodePrefix = one(local.prefixes)
  }

  depends_on = [aws_s3_object.code]

  lifecycle {
    precondition {
      condition     = length(local.prefixes) == 1
      error_message = "The folder holds ${length(local.prefixes)} packages, and has to hold one: empty it, and run evenkeel package again."
    }
  }
}

output "code_prefix" {
  description = "Which code is deployed"
  value       = one(local.prefixes)
}

output "stack_id" {
  description = "The stack's ARN"
  value       = aws_cloudformation_stack.evenkeel.id
}
